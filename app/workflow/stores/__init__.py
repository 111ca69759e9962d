"""Where executions are kept: memory, SQL, and Redis for instances of the state-machine library."""
