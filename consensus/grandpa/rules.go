package grandpa

import "github.com/gotensor/gotensor/primitives/chain"

// Rule restricts a vote: of the numbers of the block that is built on, of the best block above it and of the vote so far, all on one chain, it makes the number
// to vote for. What is below base, or not below target, does not count.
type Rule func(base, best, target chain.BlockNumber) chain.BlockNumber

// BeforeBest keeps votes lag blocks behind the best block, as long as that is not below base: another block may still take the place of the last ones.
func BeforeBest(lag chain.BlockNumber) Rule {
	return func(base, best, target chain.BlockNumber) chain.BlockNumber {
		switch {
		case best-base < lag:
			return base
		case best-lag < target:
			return best - lag
		}
		return target
	}
}

// ThreeQuarters keeps votes within the lower three quarters, rounded, of the blocks above base: so a chain that was not finalised for long is in several steps.
func ThreeQuarters(base, best, target chain.BlockNumber) chain.BlockNumber {
	return min(target, base+chain.BlockNumber((uint64(best-base)*3+2)/4))
}

// DefaultRules are those of Substrate's nodes. Source: sc-consensus-grandpa, voting_rule.rs, VotingRulesBuilder.
var DefaultRules = []Rule{BeforeBest(2), ThreeQuarters}

// Restrict applies rules one after the other to a vote for target, and returns the number to vote for.
func Restrict(rules []Rule, base, best, target chain.BlockNumber) chain.BlockNumber {
	for _, rule := range rules {
		if n := rule(base, best, target); n >= base && n < target {
			target = n
		}
	}
	return target
}
