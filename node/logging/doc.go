// Package logging prints the node's log as Substrate prints it, and makes the informant's lines.
//
//	2026-11-22 10:52:27 🏆 Imported #1 (0x1234…abcd → 0x5678…ef01)
//	2026-11-22 10:52:27.123 DEBUG txpool: Pool status ready=3        (detailed: --detailed-log-output, or any filter below info)
//
// Parts of the node log with log/slog. The attribute "target" names Substrate's log target, by which filters decide; "prefix" puts
// [name] before the message; other attributes follow it as key=value.
//
//	record ──► filter (target, level) ──► one line, cleaned ──► queue of 2 MiB ──► goroutine ──► standard error
//
// # Rules
//
//	L1  Whoever logs never waits for the log's reader. Lines that find the queue full are dropped, and a line says how many.
//	L2  A record is one line of at most 256 KiB, whatever bytes a guest, a peer or a client put into it: control characters, line ends
//	    and marks of writing direction are escaped.
//	L3  Filters can change while the node runs; the form of the lines cannot, as with Substrate.
//
// # What it does not do
//
// A process that is killed loses what waits in the queue, usually nothing. A panic of a goroutine that has not deferred Log.Crash loses
// it as well; Go prints the panic itself.
//
// Source: polkadot-sdk stable2506, substrate/client/tracing/src/logging and substrate/client/informant. Threads are not named, for
// goroutines have no names.
//
// # Example
//
//	l, err := logging.New(logging.Config{Filters: "runtime=debug,sync=off"})
//	if err != nil {
//		return err
//	}
//	defer l.Close()
//	l.Logger().Info("〽️ Prometheus exporter started", "target", "prometheus")
package logging
