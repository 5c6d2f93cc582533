package authoring

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// endReason is why no more extrinsics went into a block. The numbers index reasons.
type endReason int

const (
	noMoreTransactions endReason = iota
	hitDeadline
	hitBlockSizeLimit
	hitBlockWeightLimit
	transactionForbidden
)

// reasons are the names in the log and in the metrics.
var reasons = []struct{ log, metric string }{
	noMoreTransactions:   {"NoMoreTransactions", "no_more_transactions"},
	hitDeadline:          {"HitDeadline", "hit_deadline"},
	hitBlockSizeLimit:    {"HitBlockSizeLimit", "hit_block_size_limit"},
	hitBlockWeightLimit:  {"HitBlockWeightLimit", "hit_block_weight_limit"},
	transactionForbidden: {"TransactionForbidden", "transactions_forbidden"},
}

// proposerMetrics are those of substrate/client/proposer-metrics.
type proposerMetrics struct {
	constructed, inherents, proposal prometheus.Histogram
	transactions                     prometheus.Gauge
	reason                           *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) (*proposerMetrics, error) {
	histogram := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help})
	}
	m := &proposerMetrics{
		constructed: histogram("substrate_proposer_block_constructed", "Histogram of time taken to construct new block"),
		inherents:   histogram("substrate_proposer_create_inherents_time", "Histogram of time taken to execute create inherents"),
		proposal:    histogram("substrate_proposer_block_proposal_time", "Histogram of time taken to construct a block and prepare it for proposal"),
		transactions: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "substrate_proposer_number_of_transactions", Help: "Number of transactions included in block",
		}),
		reason: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "substrate_proposer_end_proposal_reason", Help: "The reason why the block proposing was ended. This doesn't include errors.",
		}, []string{"reason"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.constructed, m.inherents, m.proposal, m.transactions, m.reason} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *proposerMetrics) block(extrinsics int, reason endReason, took time.Duration) {
	m.transactions.Set(float64(extrinsics))
	m.constructed.Observe(took.Seconds())
	m.proposal.Observe(took.Seconds())
	m.reason.WithLabelValues(reasons[reason].metric).Inc()
}
