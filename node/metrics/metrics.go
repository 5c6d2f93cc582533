package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// DefaultPort is that of --prometheus-port.
const DefaultPort = 9615

// Registry collects the metrics of one node. It is a prometheus.Registerer that labels all with chain=<id>.
type Registry struct {
	prometheus.Registerer
	all *prometheus.Registry
}

// NewRegistry makes a registry for the chain of the id, with the metrics of Go's runtime and of the process in it.
func NewRegistry(chain string) *Registry {
	all := prometheus.NewRegistry()
	r := &Registry{prometheus.WrapRegistererWith(prometheus.Labels{"chain": chain}, all), all}
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Role is what the node runs as, by Substrate's bits.
type Role uint64

const (
	Full      Role = 1
	Authority Role = 4
)

// Node are the gauges of the node as a whole. A nil *Node counts nothing, for nodes without metrics.
type Node struct {
	best, finalised, target prometheus.Gauge
	leaves                  prometheus.Gauge
	ready                   prometheus.Gauge
	database, state         prometheus.Gauge
	peers, syncing          prometheus.Gauge
}

// NewNode registers them. name and version are those of the node ("Alice", "0.1.0-1234567"), start is when its process began.
func NewNode(r prometheus.Registerer, name, version string, role Role, start time.Time) *Node {
	gauge := func(name, help string, labels prometheus.Labels) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels})
		r.MustRegister(g)
		return g
	}
	gauge("substrate_build_info", "A metric with a constant '1' value labeled by name, version",
		prometheus.Labels{"name": name, "version": version}).Set(1)
	gauge("substrate_node_roles", "The roles the node is running as", nil).Set(float64(role))
	gauge("substrate_process_start_time_seconds", "Number of seconds between the UNIX epoch and the moment the process started", nil).
		Set(float64(start.Unix()))
	heights := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "substrate_block_height", Help: "Block height info of the chain"}, []string{"status"})
	r.MustRegister(heights)
	return &Node{
		best:      heights.WithLabelValues("best"),
		finalised: heights.WithLabelValues("finalized"),
		target:    heights.WithLabelValues("sync_target"),
		leaves:    gauge("substrate_number_leaves", "Number of known chain leaves (aka forks)", nil),
		ready:     gauge("substrate_ready_transactions_number", "Number of transactions in the ready queue", nil),
		database:  gauge("substrate_database_cache_bytes", "Database cache size in bytes", nil),
		state:     gauge("substrate_state_cache_bytes", "State cache size in bytes", nil),
		peers:     gauge("substrate_sub_libp2p_peers_count", "Number of connected peers", nil),
		syncing:   gauge("substrate_sub_libp2p_is_major_syncing", "Whether the node is performing a major sync or not.", nil),
	}
}

// Heights sets the numbers of the best and the last finalised block, and of the block that is synced to: the best one where no other is
// known.
func (n *Node) Heights(best, finalised, target uint64) {
	if n != nil {
		n.best.Set(float64(best))
		n.finalised.Set(float64(finalised))
		n.target.Set(float64(target))
	}
}

// Leaves sets how many blocks have no child.
func (n *Node) Leaves(count int) {
	if n != nil {
		n.leaves.Set(float64(count))
	}
}

// Ready sets how many transactions wait ready in the pool.
func (n *Node) Ready(count int) {
	if n != nil {
		n.ready.Set(float64(count))
	}
}

// Caches sets the sizes of the database's and the state's caches in bytes.
func (n *Node) Caches(database, state uint64) {
	if n != nil {
		n.database.Set(float64(database))
		n.state.Set(float64(state))
	}
}

// Peers sets how many peers are connected, and whether the node is far behind them.
func (n *Node) Peers(count int, majorSyncing bool) {
	if n != nil {
		n.peers.Set(float64(count))
		n.syncing.Set(map[bool]float64{true: 1}[majorSyncing])
	}
}

// Exporter serves a registry over HTTP.
type Exporter struct {
	server *http.Server
	addr   net.Addr
	done   chan struct{}
}

// Export listens on the address ("127.0.0.1:9615", or "0.0.0.0:9615" for --prometheus-external) and answers GET /metrics. log: nil for none.
func Export(addr string, r *Registry, log *slog.Logger) (*Exporter, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("prometheus exporter on %s: %w", addr, err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log = log.With("target", "prometheus")
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(r.all, promhttp.HandlerOpts{
		MaxRequestsInFlight: 8,
		Timeout:             30 * time.Second,
		ErrorLog:            slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte("Not found."))
	})
	e := &Exporter{
		server: &http.Server{
			Handler:        mux,
			ReadTimeout:    10 * time.Second,
			WriteTimeout:   60 * time.Second,
			IdleTimeout:    2 * time.Minute,
			MaxHeaderBytes: 16 << 10,
			ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		addr: l.Addr(),
		done: make(chan struct{}),
	}
	log.Info("〽️ Prometheus exporter started at " + e.addr.String())
	go func() {
		defer close(e.done)
		if err := e.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("prometheus exporter ended", "error", err)
		}
	}()
	return e, nil
}

// Addr is where it listens.
func (e *Exporter) Addr() net.Addr { return e.addr }

// Close ends it, letting answers under way finish until ctx ends.
func (e *Exporter) Close(ctx context.Context) error {
	err := e.server.Shutdown(ctx)
	if err != nil {
		e.server.Close()
	}
	<-e.done
	return err
}
