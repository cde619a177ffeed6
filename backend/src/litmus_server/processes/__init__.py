"""The processes of Litmus: the server that people start, and the worker that it starts and looks after."""
