package faults

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/solo"
	"github.com/gotensor/gotensor/testnet/upgrades"
)

// stopped is how long a node may take to end after SIGTERM.
const stopped = 10 * time.Second

// TestTerminate stops a node with SIGTERM under load, again and again: it ends with code 0 in time, and comes back with all that clients were told.
func TestTerminate(t *testing.T) {
	rounds := either(4, 50)
	n := start(t, solo.Config{})
	l := newLedger(t, n)
	c := web(t, 8)
	longest := time.Duration(0)
	for range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		clients.Go(func() { l.follow(ctx, n, l.payers[0]) })
		for _, p := range l.payers[1:] {
			clients.Go(func() { l.load(ctx, n, c, p) })
		}
		// One more has subscribed, and reads nothing.
		deaf := stuck(t, n)
		for j := range 100 {
			if err := send(t.Context(), deaf, call(j, "state_subscribeStorage", []string{toHex(driver.StorageKey("System", "Events"))})); err != nil {
				t.Fatal(err)
			}
		}
		goesOn(t, n, 2)
		begun := time.Now()
		n.Signal(t, syscall.SIGTERM)
		if code := n.Wait(t, patience); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		took := time.Since(begun)
		longest = max(longest, took)
		if took > stopped {
			t.Errorf("the node ended %v after SIGTERM", took)
		}
		cancel()
		clients.Wait()
		c.CloseIdleConnections()
		n.Resume(t)
		l.check(t, n, c)
	}
	goesOn(t, n, 2)
	t.Logf("FAULTS: %d times SIGTERM under load: code 0 within %v, %d finalised blocks as clients were told", rounds, longest.Round(time.Millisecond), len(l.told))
}

// TestSecondNode starts a second node on the folder of a running one.
func TestSecondNode(t *testing.T) {
	n := start(t, solo.Config{})
	goesOn(t, n, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, solo.Program(t), "node", "--chain", n.Spec(), "--base-path", n.Folder(), "--rpc-port", "0", "--no-prometheus", "--one", "--force-authoring")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if err == nil || cmd.ProcessState.ExitCode() <= 0 {
		t.Fatalf("a second node on the same folder ended with %v\n%s", err, out.Bytes())
	}
	said := ""
	for line := range strings.Lines(out.String()) {
		if strings.Contains(strings.ToLower(line), "error") || strings.Contains(line, "gotensor:") {
			said += line
		}
	}
	if !strings.Contains(out.String(), n.Folder()) || !regexp.MustCompile(`lock|another process|in use`).MatchString(out.String()) {
		t.Errorf("a second node on the same folder says:\n%s", out.Bytes())
	}
	goesOn(t, n, 2)
	n.Restart(t)
	goesOn(t, n, 2)
	t.Logf("FAULTS: a second node on a folder is refused: %s", strings.TrimSpace(said))
}

// TestTrap upgrades the chain to a runtime whose first block traps. The node lives, answers, and says what happened and what to do; started with a code substitute it goes on.
func TestTrap(t *testing.T) {
	broken, mended := upgrades.Broken(t), upgrades.Mended(t)
	folder := t.TempDir()
	// The runtime's own trace is printed, too.
	n := startAnd(t, solo.Config{Folder: folder}, "BUG", "fatal error", "SIGSEGV")
	term := terms(t, n)
	alice := sender(t, "//Alice")
	goesOn(t, n, 1)
	n.Call(t, nil, "author_submitExtrinsic", onWire(alice.Sign(setCode(broken.Compressed), term)))
	line := n.WaitLog(t, "The runtime failed while block", patience)
	match := regexp.MustCompile(`while block #(\d+) was made on #(\d+) \((0x[0-9a-f]{64})\): (.*) The hash of its code is (0x[0-9a-f]{64})\..*"codeSubstitutes": \{"(\d+)": "0x…"\}`).FindStringSubmatch(line)
	if match == nil || !strings.Contains(match[4], upgrades.Trap) || match[5] != hash.Blake2b256(broken.Compressed).String() {
		t.Fatalf("the node says %s", line)
	}
	last, err := strconv.ParseUint(match[2], 10, 32)
	if err != nil || match[6] != match[2] {
		t.Fatalf("the node says %s", line)
	}
	// It lives for many slots more, and says so once.
	time.Sleep(3 * time.Second)
	number, _ := best(t, n)
	if uint64(number) != last {
		t.Errorf("best #%d, and the runtime trapped after #%d", number, last)
	}
	// Votes are for the block two before the best one.
	waitFor(t, "what is there becomes final", func() bool { final, _ := finalised(t, n); return uint64(final)+4 >= last })
	var version struct{ SpecVersion uint32 }
	n.Call(t, &version, "state_getRuntimeVersion")
	if version.SpecVersion != broken.Version.SpecVersion {
		t.Errorf("version %d, expected %d", version.SpecVersion, broken.Version.SpecVersion)
	}
	n.Call(t, nil, "system_health")
	n.Call(t, nil, "state_getMetadata")
	if nonce, _, ok := balance(t, n, alice.Account(), hash.H256(fromHex(match[3]))); !ok || nonce != 1 {
		t.Errorf("the state of the last block has nonce %d", nonce)
	}
	told := 0
	for _, l := range n.Log() {
		if strings.Contains(l, "The runtime failed while block") {
			told++
		}
	}
	if told != 1 {
		t.Errorf("it was told %d times", told)
	}
	n.Restart(t) // which mends nothing, and loses nothing
	n.WaitLog(t, "The runtime failed while block", patience)
	n.Call(t, nil, "system_health")
	n.Stop(t)

	again := *spec(t)
	again.CodeSubstitutes = []chainspec.CodeSubstitute{{Number: last, Code: mended.Compressed}}
	m := start(t, solo.Config{Folder: folder, Spec: &again})
	goesOn(t, m, 4)
	term.Version = mended.Version
	paysIn(t, m, alice, term)
	m.Restart(t)
	goesOn(t, m, 2)
	t.Logf("FAULTS: a runtime that traps in its first block, #%d: the node lived, said once what to do, and started again; a code substitute revived the chain", last+1)
}
