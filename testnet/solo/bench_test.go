package solo_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gotensor/gotensor/testnet/solo"
	"github.com/gotensor/gotensor/testnet/upgrades"
)

// BenchmarkTestnet measures gotensor testnet as its user sees it, at 250 ms a block: the time from its start to the line of the first block, without and with compiled
// code from an earlier run, and what it takes of memory, with the pages that it shares with nobody apart (RssAnon), once it has made 100 blocks.
func BenchmarkTestnet(b *testing.B) {
	program := solo.Program(b)
	runtime := filepath.Join(b.TempDir(), "runtime.wasm")
	if err := os.WriteFile(runtime, upgrades.Base(b).Compressed, 0o600); err != nil {
		b.Fatal(err)
	}
	warm := filepath.Join(b.TempDir(), "warm")
	start := func(b *testing.B, cache, line string, then func(pid int)) {
		cmd := exec.Command(program, "testnet", "--fast-blocks", "--port", "0", "--runtime", runtime, "--wasm-cache", cache)
		out, err := cmd.StderrPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		seen := false
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if !seen && strings.Contains(lines.Text(), line) {
				seen = true
				then(cmd.Process.Pid)
				if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err != nil || !seen {
			b.Fatalf("ended with %v, the line was printed: %v", err, seen)
		}
	}
	first := func(b *testing.B, cache func() string) {
		for b.Loop() {
			b.StopTimer()
			dir := cache()
			b.StartTimer()
			start(b, dir, "Imported #1 ", func(int) { b.StopTimer() })
			b.StartTimer()
		}
	}
	b.Run("cold", func(b *testing.B) { first(b, b.TempDir) })
	start(b, warm, "Imported #1 ", func(int) {})
	b.Run("warm", func(b *testing.B) { first(b, func() string { return warm }) })
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			start(b, warm, "Imported #100 ", func(pid int) {
				for _, name := range []string{"VmRSS", "RssAnon"} {
					b.ReportMetric(float64(solo.Memory(b, pid, name))/1e6, name+"-MB")
				}
			})
		}
	})
}
