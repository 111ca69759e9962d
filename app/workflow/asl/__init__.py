"""Amazon States Language: documents compiled to states of the kernel; pure, like the kernel."""
