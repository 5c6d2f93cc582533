package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotensor/gotensor/testnet/solo"
)

// TestFullDisk takes the room on the file system of a running node away, again and again: it says what is wrong, makes nothing final that it cannot keep, and goes on where there is
// room again; on every second round it is started anew while there is none, which it refuses in words that help.
func TestFullDisk(t *testing.T) {
	rounds := either(4, 40)
	const cache = "--db-cache=171" // a store with more memory wants more room
	mount := t.TempDir()
	if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size=448m"); err != nil {
		fmt.Printf("SKIPPED: %d cases need the right to mount a tmpfs\n", rounds)
		t.Skip(err)
	}
	t.Cleanup(func() { syscall.Unmount(mount, syscall.MNT_DETACH) }) // after the node has ended
	n := start(t, solo.Config{Folder: filepath.Join(mount, "node"), Metrics: true, Args: []string{cache}})
	l := newLedger(t, n)
	c := web(t, 8)
	said, most, longest := "", 0, time.Duration(0)
	for round := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		clients.Go(func() { l.follow(ctx, n, l.payers[0]) })
		for _, p := range l.payers[1:] {
			clients.Go(func() { l.load(ctx, n, c, p) })
		}
		goesOn(t, n, 2)
		ballast, err := os.Create(filepath.Join(mount, "ballast"))
		if err != nil {
			t.Fatal(err)
		}
		size := int64(0)
		fill := func() {
			for err := error(nil); err == nil; size += 1 << 20 {
				err = syscall.Fallocate(int(ballast.Fd()), 0, size, 1<<20)
			}
		}
		// Truncated first: a process that was forked meanwhile holds the file open, and with the file its room.
		free := func() {
			if err := errors.Join(ballast.Truncate(0), ballast.Close(), os.Remove(ballast.Name())); err != nil {
				t.Fatal(err)
			}
		}
		mark := len(n.Log())
		fill()
		full := time.Now()
		waitFor(t, "the node says that its disk is full", func() bool {
			fill()
			for _, line := range n.Log()[mark:] {
				if strings.Contains(line, "no space left") {
					said = line
					return true
				}
			}
			return false
		})
		longest = max(longest, time.Since(full))
		// It lives, answers, and does not fill its log.
		time.Sleep(2 * time.Second)
		n.Call(t, nil, "system_health")
		before, _ := finalised(t, n)
		if _, err := n.Metrics(t.Context()); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for _, line := range n.Log()[mark:] {
			if strings.Contains(line, "no space left") {
				lines++
			}
		}
		most = max(most, lines)
		if round%2 == 0 {
			free()
			goesOn(t, n, 3)
			cancel()
			clients.Wait()
			l.check(t, n, c)
			continue
		}
		cancel()
		clients.Wait()
		mark = len(n.Log())
		n.Signal(t, os.Interrupt)
		if code := n.Wait(t, patience); code != 0 && !strings.Contains(strings.Join(n.Log()[mark:], "\n"), "everything is saved") {
			t.Errorf("the node stopped with code %d on a full disk", code)
		}
		// Closing may have made room.
		fill()
		run, stop := context.WithTimeout(t.Context(), patience)
		cmd := exec.CommandContext(run, solo.Program(t), "node", "--chain", n.Spec(), "--base-path", n.Folder(), "--rpc-port", "0", "--no-prometheus", "--one", "--force-authoring", cache)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err = cmd.Run()
		stop()
		if err == nil || cmd.ProcessState.ExitCode() <= 0 || !strings.Contains(out.String(), "no space left") || !strings.Contains(out.String(), "make room on the disk of") {
			t.Errorf("a node on a full disk ended with %v:\n%s", err, out.Bytes())
		}
		free()
		c.CloseIdleConnections()
		n.Resume(t)
		if after, _ := finalised(t, n); after < before {
			t.Errorf("finalised #%d, and it was #%d", after, before)
		}
		l.check(t, n, c)
		goesOn(t, n, 2)
	}
	t.Logf("FAULTS: %d times a full disk, %d of them with a restart that was refused: said within %v, %d times at most in a round, as %q; %d finalised blocks as clients were told",
		rounds, rounds/2, longest.Round(time.Millisecond), most, strings.TrimSpace(said), len(l.told))
}
