package db

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
)

var (
	killSeed  = flag.Uint64("kill.seed", 1, "where the random numbers of TestKill begin")
	killCount = flag.Int("kill.count", 0, "how often TestKill kills, at least: in thirds within commits, folds and prunes, and an eighth at random moments; 0 is 25 within each, or 180 with GOTENSOR_LONG=1")
)

// TestKill runs a real process that writes to a store, kills it, and looks into the folder. The child is a worker at full speed, which tells on its standard output;
// it also tells of each write to Badger before it and after it, so that it is known in what it was killed.

// childPlan is what a child is told.
type childPlan struct {
	Dir         string
	Genesis     uint64 // seed
	Seed        uint64 // of the steps
	States      uint32
	Bodies      uint32
	Chunk       int // Options.chunk, and write
	LayerMemory int
	Kind        string  // the kind of write in which the child kills itself; "" where the parent kills
	Nth         int     // the write of that kind
	Part        float64 // where in it: 1 is as long as such writes took so far
}

func (p *childPlan) options() Options {
	return Options{KeepStates: p.States, KeepBodies: p.Bodies, LayerMemory: p.LayerMemory, NodeMemory: 1 << 20, chunk: p.Chunk, write: p.Chunk}
}

const childVariable = "GOTENSOR_KILL_CHILD"

// Kinds of writes.
const (
	inGenesis = "genesis" // of Create
	inCommit  = "commit"  // Import, Finalise, SetBest, Revert
	inFold    = "fold"    // a piece of a fold that is not its last
	inFolded  = "folded"  // the last piece
	inPrune   = "prune"   // a piece of a sweep that is not its last
	inPruned  = "pruned"  // the last piece, or the record of what is kept
	inRest    = "rest"    // the records of dropped blocks
)

// kindOf tells what a write of the store is for.
func kindOf(batch *kv.Batch, durable, made bool) string {
	kind := inRest
	for _, op := range batch.Ops {
		switch {
		case !made:
			return inGenesis
		case durable:
			return inCommit
		case bytes.Equal(op.Key, keyFolded):
			return inFolded
		case bytes.Equal(op.Key, keyPruned):
			return inPruned
		case op.Key[0] == kindHistory && op.Delete:
			kind = inPrune
		case op.Key[0] == kindHistory:
			kind = inFold
		}
	}
	return kind
}

// toldStore is a store that tells of its writes, and ends the process in one of them.
type toldStore struct {
	kv.DB
	plan  *childPlan
	made  atomic.Bool
	count map[string]int
	took  map[string]time.Duration // all writes of a kind together
}

func say(format string, args ...any) { fmt.Fprintf(os.Stdout, "\n!"+format+"\n", args...) }

// Write implements kv.DB. The store calls it by one goroutine at a time.
func (s *toldStore) Write(batch *kv.Batch, durable bool) error {
	kind := kindOf(batch, durable, s.made.Load())
	say("write %s", kind)
	n := s.count[kind]
	if family(kind) == s.plan.Kind && s.of(s.plan.Kind)+1 == s.plan.Nth {
		after := time.Duration(s.plan.Part * float64(s.took[kind]) / float64(max(1, n)))
		begin := time.Now()
		go func() {
			for time.Since(begin) < after {
			}
			die()
		}()
	}
	begin := time.Now()
	err := s.DB.Write(batch, durable)
	s.took[kind] += time.Since(begin)
	s.count[kind] = n + 1
	say("wrote %s", kind)
	return err
}

// of is how many writes of a family there were.
func (s *toldStore) of(name string) (n int) {
	for kind, count := range s.count {
		if family(kind) == name {
			n += count
		}
	}
	return n
}

// family is which of the three kills a kind of write belongs to, or it itself.
func family(kind string) string {
	switch kind {
	case inFolded:
		return inFold
	case inPruned:
		return inPrune
	}
	return kind
}

// die ends this process as kill -9 does.
func die() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		self.Kill()
	}
	select {}
}

// TestKillChild is the child of TestKill; on its own it does nothing.
func TestKillChild(t *testing.T) {
	var plan childPlan
	if err := json.Unmarshal([]byte(os.Getenv(childVariable)), &plan); err != nil {
		return
	}
	say("begin")
	err := child(&plan)
	say("error %v", err)
	t.Fatal(err)
}

// child works until it is killed.
func child(plan *childPlan) error {
	inner, err := badgerdb.Open(plan.Dir, badgerdb.Options{Memory: badgerdb.MinMemory})
	if err != nil {
		return err
	}
	store := &toldStore{DB: inner, plan: plan, count: map[string]int{}, took: map[string]time.Duration{}}
	_, err = checkFormat(inner)
	store.made.Store(err == nil)
	db, err := Open(store, plan.options())
	if errors.Is(err, ErrEmpty) {
		g, err := newGenesis(plan.Genesis)
		if err != nil {
			return err
		}
		if err := createGenesis(store, g.Point, g.header, g.memory, plan.Chunk); err != nil {
			return err
		}
		store.made.Store(true)
		if db, err = Open(store, plan.options()); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	head := db.Head()
	say("opened %s %s", head.Best.Hash, head.Finalised.Hash)
	w := &worker{db: db, r: rand.New(rand.NewPCG(plan.Seed, 53)), tell: say}
	for {
		if err := w.step(); err != nil {
			return err
		}
	}
}

// killRun is a folder in which children work.
type killRun struct {
	*trail
	dir       string
	plan      childPlan
	meanwhile func() error // called once the child has opened its store
}

// newKillRun begins with a folder that is not there, and will have kills of a kind.
func newKillRun(dir string, seed uint64, kind string) (*killRun, error) {
	r := rand.New(rand.NewPCG(seed, 61))
	keep := func() uint32 { return []uint32{0, 1, 2, 8, 8, 8}[r.IntN(6)] }
	plan := childPlan{Dir: dir, Genesis: seed, States: keep(), Bodies: keep(), Chunk: []int{300, 2000, 2000, 1 << 20}[r.IntN(4)], LayerMemory: []int{1, 20_000, 1 << 20}[r.IntN(3)]}
	switch {
	case kind == inGenesis:
		plan.Chunk = 300 // many writes
	case kind == inPrune && plan.States == 0:
		plan.States = 4
	}
	t, err := newTrail(seed, plan.options())
	return &killRun{trail: t, dir: dir, plan: plan}, err
}

// life is what came of a child.
type life struct {
	where  string // what it was doing when it ended: a family of writes, "between", or "opening"
	writes int
}

// live lets a child work and has it killed.
func (k *killRun) live(kind string) (life, error) {
	l := life{where: "opening"}
	k.plan.Seed = k.r.Uint64()
	k.plan.Kind, k.plan.Nth, k.plan.Part = "", 0, 0
	limit := time.Duration(k.r.Int64N(int64(400 * time.Millisecond)))
	switch kind {
	case inCommit, inFold, inPrune:
		k.plan.Kind, k.plan.Nth, k.plan.Part = kind, 2+k.r.IntN(25), 0.9*k.r.Float64()
		limit = 5 * time.Second
	case inGenesis:
		k.plan.Kind, k.plan.Nth, k.plan.Part = kind, 1+k.r.IntN(12), k.r.Float64()
		limit = time.Second
	}
	plan, err := json.Marshal(k.plan)
	if err != nil {
		return l, err
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), childVariable+"="+string(plan), "GOMAXPROCS=3")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return l, err
	}
	if err := cmd.Start(); err != nil {
		return l, err
	}
	var timer *time.Timer
	writing, piece := "", "" // the write under way; what it or one before it has left unfinished
	lines := bufio.NewReader(out)
	for err == nil {
		var line string
		line, err = lines.ReadString('\n')
		if !strings.HasPrefix(line, "!") || !strings.HasSuffix(line, "\n") {
			continue // what was cut off was not said: nothing after it was done
		}
		line = strings.TrimSpace(line[1:])
		word, rest, _ := strings.Cut(line, " ")
		var e error
		switch word {
		case "begin":
			timer = time.AfterFunc(limit, func() { cmd.Process.Kill() })
		case "opened":
			l.where = "between"
			if e = k.opened(rest); e == nil && k.meanwhile != nil {
				e = k.meanwhile()
			}
		case ">", "<":
			e = k.hear(line)
		case "write":
			writing = rest
			l.writes++
		case "wrote":
			writing = ""
			switch rest {
			case inFold, inPrune:
				piece = rest
			case inFolded, inPruned:
				piece = ""
			}
		case "error":
			e = fmt.Errorf("child: %s", rest)
		}
		if e != nil {
			cmd.Process.Kill()
			cmd.Wait()
			return l, e
		}
	}
	waited := cmd.Wait()
	if timer != nil {
		timer.Stop()
	}
	if cmd.ProcessState.ExitCode() != -1 || !errors.Is(err, io.EOF) { // -1: by a signal
		return l, fmt.Errorf("child ended by itself: %v, %v: %s", waited, err, stderr.Bytes())
	}
	if writing != "" {
		l.where = family(writing)
	} else if piece != "" {
		l.where = piece
	}
	return l, nil
}

// TestKill kills a process that imports, finalises, folds, prunes and reverts over Badger, at random moments and within its writes. What is opened again is what it
// said last, or the step that was under way; finalised blocks are there, and all that the store holds is what the seeds of its blocks say. Kills go on in the same
// folder, and where the parent looked into a copy, on what the kill before it left.
func TestKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	each, more := 25, 10
	if n := *killCount; n > 0 {
		each, more = n/3, n/8
	} else if os.Getenv("GOTENSOR_LONG") == "1" {
		each, more = 180, 60
	}
	var mu sync.Mutex
	hits, kills, states, writes, folders := map[string]int{}, 0, 0, 0, 0
	// next is the kind of kill that is missing most, "" where all were made.
	next := func(r *rand.Rand) string {
		mu.Lock()
		defer mu.Unlock()
		var left []string
		for kind, n := range map[string]int{inCommit: each, inFold: each, inPrune: each, inGenesis: more / 2, "any": more} {
			if hits[kind] < n {
				left = append(left, kind)
			}
		}
		if len(left) == 0 {
			return ""
		}
		slices.Sort(left)
		return left[r.IntN(len(left))]
	}
	lane := func(number uint64) error {
		base, err := os.MkdirTemp("", "gotensor-kill-") // stays where a check fails
		if err != nil {
			return err
		}
		r := rand.New(rand.NewPCG(*killSeed, number))
		for kind := next(r); kind != ""; {
			seed := r.Uint64() >> 1
			dir := filepath.Join(base, fmt.Sprint(seed))
			k, err := newKillRun(dir, seed, kind)
			if err != nil {
				return err
			}
			for round := 0; round < 12 && kind != "" && len(k.above) < 1200; round++ {
				if kind == inPrune && k.plan.States == 0 || kind == inGenesis && k.made {
					break // for another folder
				}
				l, err := k.live(kind)
				looked := dir
				if err == nil && r.IntN(2) == 0 {
					looked = dir + ".copy"
					err = copyFolder(dir, looked)
				}
				n := 0
				if err == nil {
					n, err = k.check(looked)
				}
				if err != nil {
					return fmt.Errorf("folder %s, kill %d, aimed at %s, in %s, with %+v: %w", looked, round, kind, l.where, k.plan, err)
				}
				if looked != dir {
					os.RemoveAll(looked)
				}
				mu.Lock()
				kills++
				states += n
				writes += l.writes
				hits[l.where]++
				if kind == "any" {
					hits[kind]++
				}
				mu.Unlock()
				kind = next(r)
			}
			os.RemoveAll(dir)
			mu.Lock()
			folders++
			mu.Unlock()
		}
		return os.RemoveAll(base)
	}
	var lanes sync.WaitGroup
	fails := make(chan error, 2)
	for i := range uint64(2) {
		lanes.Go(func() {
			if err := lane(i); err != nil {
				fails <- err
			}
		})
	}
	lanes.Wait()
	close(fails)
	for err := range fails {
		t.Error(err)
	}
	delete(hits, "any")
	if !t.Failed() {
		t.Logf("FAULTS: %d kills of the block store, in %d folders: %v; %d writes; every folder held a committed state and all finalised blocks, %d states were read whole", kills, folders, hits, writes, states)
	}
}
