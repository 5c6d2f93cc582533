// Package metrics is the node's Prometheus registry, the HTTP server that exports it, and the gauges of the node as a whole.
//
//	parts of the node ── collectors ──► Registry (label chain) ──► GET /metrics ──► Prometheus
//
// Names, helps and labels are those of polkadot-sdk stable2506, so that dashboards made for a Substrate node show this one. A collector
// writes its whole name, "substrate_block_height": the registry adds the label chain and, as there, no prefix.
//
// # What it does not do
//
// No history, no push, no authentication. The exporter listens on the loopback address unless told otherwise.
//
// Source: substrate/client/service/src/{config,metrics}.rs, substrate/utils/prometheus/src/lib.rs.
//
// # Example
//
//	r := metrics.NewRegistry("gotensor_local")
//	n := metrics.NewNode(r, "Alice", "0.1.0", metrics.Authority, time.Now())
//	n.Heights(5, 3, 5)
//	e, err := metrics.Export("127.0.0.1:9615", r, logger)
//	defer e.Close(ctx)
package metrics
