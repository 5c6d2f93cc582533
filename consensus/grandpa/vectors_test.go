package grandpa

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// vectors are the answers of another implementation: testdata/README.md says of which.
type vectors struct {
	Rounds []struct {
		tree
		Base    int
		Voters  [][2]uint64
		Votes   [][4]uint32
		States  [][6]int
		Commit  [][3]uint32 // voter, block, signature
		Seen    int
		Primary uint32
	}
	Commits []struct {
		tree
		Voters     [][2]uint64
		Target     [2]uint32 // block, number
		Precommits [][3]uint32
		Result     []int
	}
	Encodings map[string]string
}

// tree is a chain with forks: block i is the child of block Tree[i]. Its hashes begin with the index.
type tree struct {
	Tree   []int
	Number chain.BlockNumber // of block 0
}

func blockHash(i int) (h hash.H256) {
	binary.BigEndian.PutUint32(h[:], uint32(i))
	return h
}

func (c *tree) number(i int) (n chain.BlockNumber) {
	for n = c.Number; c.Tree[i] >= 0; i = c.Tree[i] {
		n++
	}
	return n
}

func (c *tree) target(i int) Target { return Target{blockHash(i), c.number(i)} }

// Ancestor implements Chain.
func (c *tree) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	i := int(binary.BigEndian.Uint32(block[:]))
	if i >= len(c.Tree) || blockHash(i) != block || n > c.number(i) || n < c.Number {
		return hash.H256{}, ErrNotDescendant
	}
	for d := c.number(i) - n; d > 0; d-- {
		i = c.Tree[i]
	}
	return blockHash(i), nil
}

func voterID(i uint32) (id AuthorityID) {
	binary.BigEndian.PutUint32(id[:], i)
	return id
}

func signatureOf(i uint32) (s Signature) {
	binary.BigEndian.PutUint32(s[:], i)
	return s
}

func index(t *Target) int {
	if t == nil {
		return -1
	}
	return int(binary.BigEndian.Uint32(t.Hash[:]))
}

func voterSet(t *testing.T, list [][2]uint64) *VoterSet {
	t.Helper()
	authorities := make([]Authority, len(list))
	for i, v := range list {
		authorities[i] = Authority{voterID(uint32(v[0])), v[1]}
	}
	set, err := NewVoterSet(authorities)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func readVectors(t *testing.T) (out vectors) {
	t.Helper()
	file, err := os.Open("testdata/finality-grandpa.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(r).Decode(&out); err != nil {
		t.Fatal(err)
	}
	if len(out.Rounds) != 2000 || len(out.Commits) != 2000 || len(out.Encodings) != 11 {
		t.Fatalf("%d rounds, %d commits, %d encodings", len(out.Rounds), len(out.Commits), len(out.Encodings))
	}
	return out
}

// After each vote of each round everything is as the other implementation has it.
func TestVectorRounds(t *testing.T) {
	finalised, completable, moved, better := 0, 0, 0, 0
	for i, c := range readVectors(t).Rounds {
		set := voterSet(t, c.Voters)
		r := NewRound(1, set, c.target(c.Base))
		if primary := set.Primary(1); primary != voterID(c.Primary) {
			t.Fatalf("round %d: primary %s, expected %d", i, primary, c.Primary)
		}
		for k, v := range c.Votes {
			imported, err := r.Import(&c.tree, SignedMessage{Message{Kind(v[0]), c.target(int(v[2]))}, signatureOf(v[3]), voterID(v[1])})
			if err != nil {
				t.Fatalf("round %d, vote %d: %v", i, k, err)
			}
			code := 0
			for bit, set := range []bool{imported.Voter, imported.Duplicate, imported.Equivocation != nil} {
				if set {
					code |= 1 << bit
				}
			}
			if e := imported.Equivocation; e != nil && (e.ID != voterID(v[1]) || e.Second != Ballot{c.target(int(v[2])), signatureOf(v[3])} || e.First == e.Second) {
				t.Errorf("round %d, vote %d: %+v", i, k, e)
			}
			s := r.State()
			done := 0
			if s.Completable {
				done = 1
			}
			got := [6]int{code, index(s.PrevoteGhost), index(s.Finalised), index(s.Estimate), done, index(r.PrecommitGhost())}
			if got != c.States[k] {
				t.Fatalf("round %d after vote %d: got %v, expected %v", i, k, got, c.States[k])
			}
			if k > 0 && got[3] != c.States[k-1][3] {
				moved++
			}
		}
		if len(r.Seen()) != c.Seen {
			t.Errorf("round %d: %d votes seen, expected %d", i, len(r.Seen()), c.Seen)
		}
		s := r.State()
		if s.Completable {
			completable++
		}
		if (s.Finalised == nil) != (c.Commit == nil) {
			t.Fatalf("round %d: %v is final, the commit is %v", i, s.Finalised, c.Commit)
		}
		commit := r.Commit(&c.tree)
		if c.Commit == nil {
			if commit != nil {
				t.Errorf("round %d: commit %+v", i, commit)
			}
			continue
		}
		finalised++
		// Where the other commit is good as it stands and has no equivocators, it is the same; where it is good, there is one.
		want := Commit{Target: *s.Finalised}
		single := true
		for k, p := range c.Commit {
			want.Precommits = append(want.Precommits, SignedVote{c.target(int(p[1])), signatureOf(p[2]), voterID(p[0])})
			single = single && (k == 0 || c.Commit[k-1][0] != p[0])
		}
		switch _, err := CheckCommit(&want, set, &c.tree); {
		case commit == nil && err == nil:
			t.Errorf("round %d: no commit", i)
		case commit != nil && err != nil:
			better++
		case commit != nil && single && !reflect.DeepEqual(*commit, want):
			t.Errorf("round %d: commit of %s with %d precommits, expected %d", i, commit.Target, len(commit.Precommits), len(want.Precommits))
		}
	}
	t.Logf("%d rounds finalise; of %d no commit could be made otherwise", finalised, better)
	if finalised < 500 || completable < 200 || moved < 500 {
		t.Errorf("of 2,000 rounds %d finalise and %d can be completed, estimates move %d times", finalised, completable, moved)
	}
}

// Commits are good, or not, as the other implementation has it.
func TestVectorCommits(t *testing.T) {
	valid := 0
	for i, c := range readVectors(t).Commits {
		commit := Commit{Target: Target{blockHash(int(c.Target[0])), chain.BlockNumber(c.Target[1])}}
		for _, p := range c.Precommits {
			commit.Precommits = append(commit.Precommits, SignedVote{c.target(int(p[1])), signatureOf(p[2]), voterID(p[0])})
		}
		got, err := CheckCommit(&commit, voterSet(t, c.Voters), &c.tree)
		if got.Valid != (err == nil) || got.Valid != (c.Result != nil && c.Result[0] == 1) {
			t.Fatalf("commit %d: %+v, %v, expected %v", i, got, err, c.Result)
		}
		if !got.Valid {
			continue
		}
		valid++
		if want := c.Result; got.Precommits != want[1] || got.Duplicates != want[2] || got.Equivocations != want[3] || got.Strangers != want[4] {
			t.Errorf("commit %d: %+v, expected %v", i, got, want)
		}
	}
	if valid < 500 || valid > 1800 {
		t.Errorf("%d of 2,000 commits are valid", valid)
	}
}

// Encodings are byte for byte those of the other implementation, and read back.
func TestVectorEncodings(t *testing.T) {
	of := func(x byte) (h [32]byte) { copy(h[:], bytes.Repeat([]byte{x}, 32)); return h }
	var s Signature
	copy(s[:], bytes.Repeat([]byte{7}, 64))
	at := func(x byte, n chain.BlockNumber) Target { return Target{of(x), n} }
	vote := SignedVote{at(3, 4), s, of(5)}
	signed := SignedMessage{Message{Precommit, at(1, 2)}, s, of(6)}
	commit := Commit{at(9, 3), []SignedVote{vote, vote}}
	one, four := at(1, 2), at(3, 4)
	count := uint64(1)
	seen := 0
	want := readVectors(t).Encodings
	check := func(name string, v scale.Encodable, back func([]byte) (any, error)) {
		t.Helper()
		seen++
		data := scale.Marshal(v)
		if got := hex.EncodeToString(data); got != want[name] {
			t.Errorf("%s:\n%s, expected\n%s", name, got, want[name])
		}
		if got, err := back(data); err != nil || !reflect.DeepEqual(got, any(v)) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	check("prevote", Message{Prevote, one}, decoder[Message])
	check("precommit", Message{Precommit, one}, decoder[Message])
	check("propose", Message{Propose, one}, decoder[Message])
	check("signed", signed, decoder[SignedMessage])
	check("commit", commit, decoder[Commit])
	check("compact", commit.Compact(), decoder[CompactCommit])
	check("catchUp", CatchUp{77, []SignedVote{vote}, []SignedVote{vote}, at(2, 1)}, decoder[CatchUp])
	check("historical", HistoricalVotes{[]SignedMessage{signed}, &count, nil}, decoder[HistoricalVotes])
	check("equivocation", Equivocation{8, of(1), Ballot{at(2, 3), s}, Ballot{at(4, 5), s}}, decoder[Equivocation])
	check("state", RoundState{&one, nil, &four, true}, decoder[RoundState])
	if got := hex.EncodeToString(Payload(nil, Message{Precommit, one}, 10, 11)); got != want["payload"] {
		t.Errorf("payload: %s, expected %s", got, want["payload"])
	}
	if seen+1 != len(want) {
		t.Errorf("%d of %d encodings", seen+1, len(want))
	}
	if got := commit.Compact().Commit(); !reflect.DeepEqual(got, commit) {
		t.Errorf("%+v", got)
	}
}

func decoder[T any, P interface {
	*T
	scale.Decodable
}](data []byte) (any, error) {
	v, err := scale.Unmarshal[T, P](data)
	return v, err
}
