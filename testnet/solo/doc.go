// Package solo runs a node of this repository as a process of its own, for tests: a chain that one node makes, on loopback.
//
//	n := solo.Start(t, solo.Config{Spec: spec, Args: []string{"--one"}})
//	n.Call(t, &head, "chain_getHeader")
//	n.Restart(t)                           a graceful stop, then the same folder and port again
//
// # Rules
//
//   - The program is cmd/gotensor as the sources have it, built once in a test process. Nothing of the node runs inside of the test, so what a test sees is what anybody sees: RPC, what the
//     node prints, its exit code, its folder.
//   - A node that ends by itself fails the test at the next thing that it is asked for, with what it printed last.
//   - When the test ends the node is stopped and must end well, unless it was killed.
package solo
