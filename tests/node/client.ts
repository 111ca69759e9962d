// Takes an order to cash through a client generated from the OpenAPI document; run by tests/e2e/test_typescript_client.py.
//
// usage: node client.ts URL EMAIL PASSWORD

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

type Schemas = components["schemas"];
type Problem = Schemas["Problem"];

class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** Give what was answered, or throw the problem the server told. */
async function told<T>(call: Promise<{ data?: T; error?: Problem | undefined }>): Promise<T> {
  const { data, error } = await call;
  if (data === undefined) throw new Refused(error as Problem);
  return data;
}

/** Give the problem a call is refused with. */
async function refusal(call: Promise<{ data?: unknown; error?: Problem | undefined }>): Promise<Problem> {
  try {
    await told(call);
  } catch (error) {
    if (error instanceof Refused) return error.problem;
    throw error;
  }
  throw new Error("was not refused");
}

const [url, email, password] = process.argv.slice(2) as [string, string, string];
const api = createClient<paths>({ baseUrl: url });

// openapi-fetch lets a field pass that a body does not have; `satisfies` does not.
const guess = { email, password: "not the password" } satisfies Schemas["CredentialsIn"];
const wrong = await refusal(api.POST("/auth/token", { body: guess }));
assert.equal(wrong.code, "identity.bad_credentials");
const token = await told(api.POST("/auth/token", { body: { email, password } }));
api.use({
  onRequest({ request }) {
    request.headers.set("authorization", `Bearer ${token.access_token}`);
    request.headers.set("accept-language", "de");
  },
});

const customer = await told(
  api.POST("/api/v1/third-parties", {
    body: { name: "Type GmbH", customer: true, address: { city: "Köln", country: "DE" } } satisfies Schemas["PartyIn"],
  }),
);
const product = await told(
  api.POST("/api/v1/products", {
    body: { ref: "TS-1", name: "Compiler", unit_price: "12.50", vat_rate: "19" } satisfies Schemas["ProductIn"],
  }),
);
await told(
  api.POST("/api/v1/stock-movements", {
    body: { kind: "receive", product_id: product.id, quantity: "10", unit_cost: "7" } satisfies Schemas["StockMoveIn"],
  }),
);

// The key makes a POST safe to repeat: the second answer is the first one's, and there is one order.
const order = {
  party_id: customer.id,
  lines: [{ product_id: product.id, quantity: "4", discount: "10" }],
} satisfies Schemas["OrderIn"];
const keyed = { params: { header: { "Idempotency-Key": "typescript-1" } }, body: order };
const made = await told(api.POST("/api/v1/orders", keyed));
assert.deepEqual(await told(api.POST("/api/v1/orders", keyed)), made);

// A change names the version it saw; a stale one is refused.
const path = { order_id: made.id };
const seen = { path, header: { "If-Match": `"${made.version}"` } };
const change = { note: "bitte klingeln" } satisfies Schemas["OrderChange"];
const changed = await told(api.PATCH("/api/v1/orders/{order_id}", { params: seen, body: change }));
assert.equal(changed.note, "bitte klingeln");
const stale = await refusal(api.PATCH("/api/v1/orders/{order_id}", { params: seen, body: change }));
assert.deepEqual([stale.code, stale.status], ["stale", 412]);

await told(api.POST("/api/v1/orders/{order_id}/validate", { params: { path } }));
const five = { lines: [{ position: 1, quantity: "5" }] } satisfies Schemas["ShipmentIn"];
const tooMuch = await refusal(api.POST("/api/v1/orders/{order_id}/shipments", { params: { path }, body: five }));
assert.equal(tooMuch.code, "sales.over_shipped");
assert.equal(tooMuch.errors?.[0]?.pointer, "/lines/0/quantity");
assert.equal(tooMuch.detail, "Von Position 1 sind nur noch 4 zu liefern.");

const shipment = await told(api.POST("/api/v1/orders/{order_id}/shipments", { params: { path }, body: {} }));
const shipped = { params: { path: { shipment_id: shipment.id } } };
await told(api.POST("/api/v1/shipments/{shipment_id}/validate", shipped));
await told(api.POST("/api/v1/shipments/{shipment_id}/close", shipped));

const invoice = await told(api.POST("/api/v1/orders/{order_id}/invoices", { params: { path }, body: {} }));
const billed = { params: { path: { invoice_id: invoice.id } } };
const due = await told(api.POST("/api/v1/invoices/{invoice_id}/validate", billed));
const money = { amount: due.due, method: "transfer" } satisfies Schemas["InvoicePaymentIn"];
await told(api.POST("/api/v1/invoices/{invoice_id}/payments", { ...billed, body: money }));
const paid = await told(api.GET("/api/v1/invoices/{invoice_id}", billed));

// Pages, to the end.
const products: Schemas["ProductsRow"][] = [];
for (let after: string | null | undefined = undefined; after !== null; ) {
  const query: { limit: number; sort: string; after?: string } = { limit: 2, sort: "ref", ...(after ? { after } : {}) };
  const page: Schemas["ProductsPage"] = await told(api.GET("/api/v1/products", { params: { query } }));
  products.push(...page.items);
  after = page.next;
}
assert.equal(new Set(products.map((one) => one.id)).size, products.length);
assert.ok(products.length > 2 && products.some((one) => one.ref === "TS-1"));

console.log(paid.status, paid.total_gross);
