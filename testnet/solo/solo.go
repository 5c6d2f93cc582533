package solo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/gotensor/gotensor/node/chainspec"
)

const (
	// startTime is how long a node may take until it answers: the first one compiles a runtime.
	startTime = 2 * time.Minute
	// stopTime is how long a node may take to end.
	stopTime = 30 * time.Second
	// keptLines is how many lines of what a node printed are kept.
	keptLines = 20_000
)

// Config says what a node runs.
type Config struct {
	// Spec is the chain. It is written to a file for the node.
	Spec *chainspec.Spec
	// Args follow what Start gives by itself: the chain, the folder and the port.
	Args []string
	// Folder is the base path; empty for one of the test's own.
	Folder string
	// Metrics has the node serve metrics: Node.Metric reads them.
	Metrics bool
}

// Node is a process. Its methods are for the goroutine of the test.
type Node struct {
	cfg  Config
	spec string // path
	port int

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
	err   error         // how it ended; after ended

	mu      sync.Mutex
	metrics string // address, of this run
	lines   []string
	more    chan struct{} // closed and replaced when a line came
}

// The program outlives the tests that it was built for, so it goes into the user's cache folder, where the next process finds it up to date.
var program = sync.OnceValues(func() (string, error) {
	_, here, _, ok := goruntime.Caller(0)
	if !ok {
		return "", errors.New("build gotensor: the path of the sources is not known")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "gotensor", "solo")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "gotensor")
	// Two test processes may come at once.
	lock := flock.New(path + ".lock")
	if err := lock.Lock(); err != nil {
		return "", fmt.Errorf("lock %s: %w", path, err)
	}
	defer lock.Unlock() //nolint:errcheck // the process may hold it to its end
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "./cmd/gotensor")
	cmd.Dir = filepath.Join(filepath.Dir(here), "..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build gotensor: %w\n%s", err, out)
	}
	return path, nil
})

// Program returns the path of cmd/gotensor, built.
func Program(t testing.TB) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Start writes the spec and starts a node, which answers when Start returns.
func Start(t testing.TB, cfg Config) *Node {
	t.Helper()
	if cfg.Folder == "" {
		cfg.Folder = t.TempDir()
	}
	n := &Node{cfg: cfg, spec: filepath.Join(t.TempDir(), "spec.json"), more: make(chan struct{})}
	n.Respecify(t, cfg.Spec)
	// The kernel names a port that is free, and it stays the node's when that is restarted.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n.running() {
			n.Stop(t)
		}
		if t.Failed() {
			t.Logf("the node printed last:\n%s", n.tail(60))
		}
	})
	n.Resume(t)
	return n
}

// Respecify writes another chain spec, which the node reads when it is started next.
func (n *Node) Respecify(t testing.TB, spec *chainspec.Spec) {
	t.Helper()
	file, err := os.Create(n.spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(spec.Write(file), file.Close()); err != nil {
		t.Fatal(err)
	}
}

// Resume starts the process again, after Stop, Kill or Wait, with the same folder and port, and returns when it answers.
func (n *Node) Resume(t testing.TB) {
	t.Helper()
	n.Launch(t)
	for deadline := time.Now().Add(startTime); ; time.Sleep(10 * time.Millisecond) {
		err := n.Try(t.Context(), nil, "system_chain")
		if err == nil {
			return
		}
		if !n.running() {
			t.Fatalf("the node ended: %v\n%s", n.err, n.tail(60))
		}
		if time.Now().After(deadline) {
			n.Kill(t)
			t.Fatalf("the node does not answer: %v\n%s", err, n.tail(60))
		}
	}
}

// Launch is Resume that does not wait for the node, which may be killed while it starts, or refuse to.
func (n *Node) Launch(t testing.TB) {
	t.Helper()
	if n.running() {
		t.Fatal("BUG: the node runs already")
	}
	path := Program(t)
	args := []string{"node", "--chain", n.spec, "--base-path", n.cfg.Folder, "--rpc-port", strconv.Itoa(n.port)}
	if n.cfg.Metrics {
		args = append(args, "--prometheus-port", "0")
	} else {
		args = append(args, "--no-prometheus")
	}
	args = append(args, n.cfg.Args...)
	n.cmd = exec.Command(path, args...)
	n.ended = make(chan struct{})
	n.err = nil
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	n.cmd.Stdout, n.cmd.Stderr = in, in
	err = n.cmd.Start()
	in.Close() //nolint:errcheck // the process has it
	if err != nil {
		t.Fatal(err)
	}
	go n.read(out, n.cmd, n.ended)
}

// read keeps what the process prints, until it ends.
func (n *Node) read(out *os.File, cmd *exec.Cmd, ended chan struct{}) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		n.mu.Lock()
		if len(n.lines) == keptLines {
			n.lines = append(n.lines[:0], n.lines[keptLines/2:]...)
		}
		n.lines = append(n.lines, lines.Text())
		if _, address, ok := strings.Cut(lines.Text(), "Prometheus exporter started at "); ok {
			n.metrics = strings.TrimSpace(address)
		}
		close(n.more)
		n.more = make(chan struct{})
		n.mu.Unlock()
	}
	io.Copy(io.Discard, out) //nolint:errcheck // what is left where a line was too long
	out.Close()              //nolint:errcheck // read to its end
	n.err = cmd.Wait()
	close(ended)
}

func (n *Node) running() bool {
	if n.cmd == nil {
		return false
	}
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// URL is where the node listens for WebSockets.
func (n *Node) URL() string { return fmt.Sprintf("ws://127.0.0.1:%d", n.port) }

// Spec is the path of the chain spec.
func (n *Node) Spec() string { return n.spec }

// Folder is the node's base path.
func (n *Node) Folder() string { return n.cfg.Folder }

// Pid is the number of the process.
func (n *Node) Pid() int { return n.cmd.Process.Pid }

// Log returns the lines that the node has printed, over all its runs.
func (n *Node) Log() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.lines...)
}

func (n *Node) tail(lines int) string {
	all := n.Log()
	return strings.Join(all[max(len(all)-lines, 0):], "\n")
}

// WaitLog waits until the node has printed a line with text in it, and returns that.
func (n *Node) WaitLog(t testing.TB, text string, within time.Duration) string {
	t.Helper()
	late := time.After(within)
	for seen := 0; ; {
		n.mu.Lock()
		lines, more := n.lines[min(seen, len(n.lines)):], n.more
		seen = len(n.lines)
		n.mu.Unlock()
		for _, line := range lines {
			if strings.Contains(line, text) {
				return line
			}
		}
		select {
		case <-more:
		case <-n.ended:
			t.Fatalf("the node ended without printing %q: %v\n%s", text, n.err, n.tail(60))
		case <-late:
			t.Fatalf("the node has not printed %q within %v\n%s", text, within, n.tail(60))
		}
	}
}

// Stop ends the node as an operator does, with an interrupt, and checks that it ends well.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	if !n.running() {
		t.Errorf("the node ended by itself: %v\n%s", n.err, n.tail(60))
		return
	}
	if err := n.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	select {
	case <-n.ended:
	case <-time.After(stopTime):
		n.cmd.Process.Signal(syscall.SIGQUIT) //nolint:errcheck // it prints where its goroutines are, and ends
		<-n.ended
		t.Errorf("the node does not stop within %v\n%s", stopTime, n.tail(400))
		return
	}
	if n.err != nil {
		t.Errorf("the node stopped with %v\n%s", n.err, n.tail(60))
	}
}

// Signal sends a signal to the process.
func (n *Node) Signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := n.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("%v; the node has ended: %v\n%s", err, n.err, n.tail(60))
	}
}

// Wait waits until the process ends by itself or by a signal, and returns its exit code, -1 where a signal ended it.
func (n *Node) Wait(t testing.TB, within time.Duration) int {
	t.Helper()
	select {
	case <-n.ended:
	case <-time.After(within):
		t.Fatalf("the node runs on after %v\n%s", within, n.tail(60))
	}
	return n.cmd.ProcessState.ExitCode()
}

// Metric returns the sum of a metric over its labels, as the node serves it now.
func (n *Node) Metric(t testing.TB, name string) float64 {
	t.Helper()
	all, err := n.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	value, ok := all[name]
	if !ok {
		t.Fatalf("no metric %s", name)
	}
	return value
}

// Metrics returns all metrics, each summed over its labels.
func (n *Node) Metrics(ctx context.Context) (map[string]float64, error) {
	n.mu.Lock()
	address := n.metrics
	n.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	all := map[string]float64{}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		line := lines.Text()
		end := strings.LastIndexByte(line, ' ') // labels may have spaces in them
		if end < 0 || line[0] == '#' {
			continue
		}
		value, err := strconv.ParseFloat(line[end+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("metric %q: %w", line, err)
		}
		name, _, _ := strings.Cut(line[:end], "{")
		all[name] += value
	}
	return all, lines.Err()
}

// Memory reads a line of the status of a process, as "VmRSS" or "RssAnon", in bytes. Linux alone has it.
func Memory(t testing.TB, pid int, name string) int64 {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kB, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kB << 10
		}
	}
	t.Fatalf("no %s in the status of process %d", name, pid)
	return 0
}

// Kill ends the node at once: nothing of it runs any more.
func (n *Node) Kill(t testing.TB) {
	t.Helper()
	if err := n.cmd.Process.Kill(); err != nil && n.running() {
		t.Error(err)
	}
	<-n.ended
}

// Restart is Stop and Resume.
func (n *Node) Restart(t testing.TB) {
	t.Helper()
	n.Stop(t)
	n.Resume(t)
}

// Error is what the node answered instead of a result.
type Error struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%d: %s %s", e.Code, e.Message, e.Data) }

// Call calls a method of the node over HTTP and decodes the result, where result is not nil.
func (n *Node) Call(t testing.TB, result any, method string, params ...any) {
	t.Helper()
	if err := n.Try(t.Context(), result, method, params...); err != nil {
		if !n.running() {
			t.Fatalf("%s: %v; the node has ended: %v\n%s", method, err, n.err, n.tail(60))
		}
		t.Fatalf("%s: %v", method, err)
	}
}

// Try is Call whose error is the caller's. Errors: *Error, and those of the connection.
func (n *Node) Try(ctx context.Context, result any, method string, params ...any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d", n.port), bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var answer struct {
		Result json.RawMessage
		Error  *Error
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("status %s, %.200q: %w", response.Status, text, err)
	}
	if answer.Error != nil {
		return answer.Error
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}
