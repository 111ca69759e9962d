"""The catalogue."""

from app.api.route import router
from app.api.routers.catalogue import categories, hanging, prices, products, units, variants, vat

routes = router("catalogue")
for _one in (products, prices, vat, units, categories, variants, hanging):
    routes.routes.extend(_one.routes.routes)
