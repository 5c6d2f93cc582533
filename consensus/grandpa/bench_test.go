package grandpa

import (
	"fmt"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// benchVoters are voters with made-up keys.
func benchVoters(b *testing.B, n int) *VoterSet {
	authorities := make([]Authority, n)
	for i := range authorities {
		authorities[i] = Authority{AuthorityID(hash.Blake2b256([]byte{byte(i), byte(i >> 8)})), 1}
	}
	voters, err := NewVoterSet(authorities)
	if err != nil {
		b.Fatal(err)
	}
	return voters
}

// BenchmarkRound counts all votes of a round, for five blocks of two forks, over chains of different length. Reported is the time of a vote.
func BenchmarkRound(b *testing.B) {
	for _, size := range []struct{ voters, blocks int }{{4, 10}, {300, 10}, {1000, 10}, {1000, 2000}} {
		b.Run(fmt.Sprintf("%d voters, %d blocks", size.voters, size.blocks), func(b *testing.B) {
			voters := benchVoters(b, size.voters)
			parents := []int{-1}
			for i := range size.blocks {
				parents = append(parents, i)
			}
			parents = append(parents, size.blocks-4, size.blocks+1)
			blocks := headers(0, parents)
			c := newHeaderTree(Target{blocks[0].Hash(), 0}, blocks[1:])
			targets := make([]Target, len(blocks))
			for i := range blocks {
				targets[i] = Target{blocks[i].Hash(), blocks[i].Number}
			}
			// More than two thirds vote above the fork's block, on one side.
			choice := []int{size.blocks, size.blocks - 1, size.blocks - 2, size.blocks - 3, size.blocks + 2}
			b.ResetTimer()
			for b.Loop() {
				r := NewRound(1, voters, targets[0])
				for _, kind := range []Kind{Prevote, Precommit} {
					for i := range size.voters {
						if _, err := r.Import(c, SignedMessage{Message{kind, targets[choice[i%5]]}, Signature{}, voters.At(i).ID}); err != nil {
							b.Fatal(err)
						}
					}
				}
				if s := r.State(); s.Finalised == nil || int(s.Finalised.Number) < size.blocks-4 {
					b.Fatalf("%+v", s)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(2*size.voters), "ns/vote")
		})
	}
}

// BenchmarkVerifyJustification verifies justifications with precommits for one block, which is what they look like. Reported is the time of a precommit.
func BenchmarkVerifyJustification(b *testing.B) {
	for _, n := range []int{1, 4, 20, 300} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			pairs, voters := signers(b, n)
			blocks := headers(7, []int{-1, 0})
			votes := make([]int, n)
			for i := range votes {
				votes[i] = 1
			}
			data := scale.Marshal(justified(b, pairs, blocks, 1, votes...))
			target := Target{blocks[1].Hash(), 8}
			b.SetBytes(int64(len(data)))
			b.ResetTimer()
			for b.Loop() {
				if _, err := VerifyJustification(data, target, 6, voters); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/vote")
		})
	}
}
