package jsonrpc

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are Substrate's, by name, label and bucket. Source: sc-rpc-server, middleware/metrics.rs.
// Calls of unknown names count under "unknown", for a client could make any number of series otherwise. A nil *metrics counts nothing.
type metrics struct {
	time           *prometheus.HistogramVec
	begun, ended   *prometheus.CounterVec
	opens, closes  prometheus.Counter
	sessionSeconds *prometheus.HistogramVec
}

func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		return nil
	}
	buckets := []float64{5, 25, 100, 500, 1_000, 2_500, 10_000, 25_000, 100_000, 1_000_000, 10_000_000}
	m := &metrics{
		time: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "substrate_rpc_calls_time", Help: "Total time [μs] of processed RPC calls", Buckets: buckets,
		}, []string{"protocol", "method", "is_rate_limited"}),
		begun: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "substrate_rpc_calls_started", Help: "Number of received RPC calls (unique un-batched requests)",
		}, []string{"protocol", "method"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "substrate_rpc_calls_finished", Help: "Number of processed RPC calls (unique un-batched requests)",
		}, []string{"protocol", "method", "is_error", "is_rate_limited"}),
		opens: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "substrate_rpc_sessions_opened", Help: "Number of persistent RPC sessions opened",
		}),
		closes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "substrate_rpc_sessions_closed", Help: "Number of persistent RPC sessions closed",
		}),
		sessionSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "substrate_rpc_sessions_time", Help: "Total time [s] for each websocket session", Buckets: buckets,
		}, []string{"protocol"}),
	}
	r.MustRegister(m.time, m.begun, m.ended, m.opens, m.closes, m.sessionSeconds)
	return m
}

func (m *metrics) started(proto, method string) {
	if m != nil {
		m.begun.WithLabelValues(proto, method).Inc()
	}
}

func (m *metrics) finished(proto, method string, failed, limited bool, took time.Duration) {
	if m != nil {
		m.time.WithLabelValues(proto, method, strconv.FormatBool(limited)).Observe(float64(took.Microseconds()))
		m.ended.WithLabelValues(proto, method, strconv.FormatBool(failed), strconv.FormatBool(limited)).Inc()
	}
}

func (m *metrics) opened() {
	if m != nil {
		m.opens.Inc()
	}
}

func (m *metrics) closed(took time.Duration) {
	if m != nil {
		m.closes.Inc()
		m.sessionSeconds.WithLabelValues("ws").Observe(float64(int64(took.Seconds())))
	}
}
