package pool

import "github.com/prometheus/client_golang/prometheus"

// metrics are those of Substrate's single-state pool and of its access to the chain (sc-transaction-pool, metrics.rs), and what the queues hold.
type metrics struct {
	submitted, scheduled, finished, invalid, pruned, resubmitted prometheus.Counter
}

func newMetrics(registry prometheus.Registerer, p *Pool) (*metrics, error) {
	var all []prometheus.Collector
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		all = append(all, c)
		return c
	}
	gauge := func(name, help string, value func(PoolStatus) int) {
		all = append(all, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value(p.Status())) }))
	}
	m := &metrics{
		submitted:   counter("substrate_sub_txpool_submitted_transactions", "Total number of transactions submitted"),
		scheduled:   counter("substrate_sub_txpool_validations_scheduled", "Total number of transactions scheduled for validation"),
		finished:    counter("substrate_sub_txpool_validations_finished", "Total number of transactions that finished validation"),
		invalid:     counter("substrate_sub_txpool_validations_invalid", "Total number of transactions that were removed from the pool as invalid"),
		pruned:      counter("substrate_sub_txpool_block_transactions_pruned", "Total number of transactions that was requested to be pruned by block events"),
		resubmitted: counter("substrate_sub_txpool_block_transactions_resubmitted", "Total number of transactions that was requested to be resubmitted by block events"),
	}
	gauge("substrate_sub_txpool_ready_transactions", "Number of transactions in the ready queue", func(t PoolStatus) int { return t.Ready })
	gauge("substrate_sub_txpool_ready_bytes", "Size of the transactions in the ready queue", func(t PoolStatus) int { return t.ReadyBytes })
	gauge("substrate_sub_txpool_future_transactions", "Number of transactions in the future queue", func(t PoolStatus) int { return t.Future })
	gauge("substrate_sub_txpool_future_bytes", "Size of the transactions in the future queue", func(t PoolStatus) int { return t.FutureBytes })
	if registry == nil {
		return m, nil
	}
	for _, c := range all {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
