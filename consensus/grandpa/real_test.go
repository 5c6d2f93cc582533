package grandpa

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/internal/outside"
	"github.com/gotensor/gotensor/primitives/scale"
)

func readHex(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A justification of a live network verifies, for its own set and block alone, and with no byte changed.
func TestRecordedJustification(t *testing.T) {
	data := readHex(t, "justification-302592.hex")
	j, err := DecodeJustification(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(scale.Marshal(j), data) {
		t.Error("it is encoded otherwise")
	}
	var authorities []Authority
	for _, p := range j.Commit.Precommits {
		authorities = append(authorities, Authority{p.ID, 1})
	}
	voters, err := NewVoterSet(authorities)
	if err != nil {
		t.Fatal(err)
	}
	target := j.Commit.Target
	if _, err := VerifyJustification(data, target, 0, voters); err != nil || target.Number != 302592 || len(authorities) != 5 {
		t.Fatalf("%s: %v", target, err)
	}
	if _, err := VerifyJustification(data, target, 1, voters); !errors.Is(err, ErrSignature) {
		t.Errorf("of another set: %v", err)
	}
	if _, err := VerifyJustification(data, Target{target.Hash, target.Number + 1}, 0, voters); !errors.Is(err, ErrTarget) {
		t.Errorf("for another block: %v", err)
	}
	more := append(authorities, Authority{AuthorityID{1}, 1}, Authority{AuthorityID{2}, 1}, Authority{AuthorityID{3}, 1})
	if voters, err = NewVoterSet(more); err != nil {
		t.Fatal(err)
	}
	if _, err := VerifyJustification(data, target, 0, voters); !errors.Is(err, ErrMinority) {
		t.Errorf("five of eight: %v", err)
	}
	if voters, err = NewVoterSet(authorities); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 1
		if _, err := VerifyJustification(changed, target, 0, voters); !errors.Is(err, ErrJustification) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}

// A commit that was gossiped on a live network is good as far as that can be told without its chain.
func TestRecordedCommit(t *testing.T) {
	data := readHex(t, "commit-5105457.hex")
	d := scale.NewDecoder(data)
	round, setID := d.U64(), d.U64()
	c := scale.Decode[CompactCommit](d)
	if err := d.Finish(); err != nil || setID != 3490 || c.Target.Number != 5105457 {
		t.Fatalf("round %d of set %d: %s: %v", round, setID, c.Target, err)
	}
	if again := c.AppendScale(scale.AppendU64(scale.AppendU64(nil, round), setID)); !bytes.Equal(again, data) {
		t.Error("it is encoded otherwise")
	}
	var authorities []Authority
	for _, a := range c.Auth {
		authorities = append(authorities, Authority{a.ID, 1})
	}
	voters, err := NewVoterSet(authorities)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckGossipedCommit(&c, voters, round, setID); err != nil {
		t.Error(err)
	}
	if err := CheckGossipedCommit(&c, voters, round+1, setID); !errors.Is(err, ErrSignature) {
		t.Errorf("of another round: %v", err)
	}
	less := c
	less.Precommits, less.Auth = c.Precommits[:4], c.Auth[:4]
	if err := CheckGossipedCommit(&less, voters, round, setID); !errors.Is(err, ErrMinority) {
		t.Errorf("four of seven: %v", err)
	}
	twice := c
	for range 3 {
		twice.Precommits, twice.Auth = append(twice.Precommits, c.Precommits[0]), append(twice.Auth, c.Auth[0])
	}
	if err := CheckGossipedCommit(&twice, voters, round, setID); !errors.Is(err, ErrWeight) {
		t.Errorf("three votes too many: %v", err)
	}
	strange, err := NewVoterSet(authorities[1:])
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckGossipedCommit(&c, strange, round, setID); !errors.Is(err, ErrVoters) {
		t.Errorf("of a stranger: %v", err)
	}
}

// The authority sets of live networks, with all their history, are read and written as Substrate does.
func TestRecordedAuthoritySets(t *testing.T) {
	for _, network := range []string{"polkadot", "ksmcc3", "westend2", "paseo", "rococo_v2_2"} {
		t.Run(network, func(t *testing.T) {
			text, err := os.ReadFile(outside.Path(t, 1, "smol-dot/smoldot/demo-chain-specs/"+network+".json"))
			if err != nil {
				t.Fatal(err)
			}
			var spec struct {
				LightSyncState struct{ GrandpaAuthoritySet string }
			}
			if err := json.Unmarshal(text, &spec); err != nil {
				t.Fatal(err)
			}
			data, err := hex.DecodeString(strings.TrimPrefix(spec.LightSyncState.GrandpaAuthoritySet, "0x"))
			if err != nil || len(data) == 0 {
				t.Fatalf("%d bytes: %v", len(data), err)
			}
			set, err := scale.Unmarshal[AuthoritySet](data)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(scale.Marshal(set), data) {
				t.Error("it is encoded otherwise")
			}
			t.Logf("set %d of %d authorities, %d pending changes, %d sets before", set.SetID, len(set.Current), len(set.Pending()), len(set.History))
			if n := len(set.History); n > 0 {
				last := set.History[n-1]
				if last.SetID+1 != set.SetID {
					t.Errorf("the last set was %d", last.SetID)
				}
				if _, latest, ok := set.SetOf(last.Last + 1); !latest || !ok {
					t.Error("the block after the last set is not of this one")
				}
				if change, latest, ok := set.SetOf(last.Last); latest || ok != (n > 1 || last.SetID == 0) || ok && change != last {
					t.Errorf("%+v %v %v", change, latest, ok)
				}
			}
		})
	}
}
