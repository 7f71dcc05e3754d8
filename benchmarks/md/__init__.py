"""How many nanoseconds a day: Sheath's choice of engine, protocol and threads against GROMACS as usually typed."""
