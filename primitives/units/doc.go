// Package units has the amounts of money of the chain as types, so that one cannot be taken for another, and the one place where they are converted.
//
// # Picture
//
//	1 TAO = 1,000,000,000 RAO         (9 decimals: what the chain counts in, 64 bits)
//	1 TAO = 10^18 wei                 (18 decimals: what the EVM counts in, 256 bits)
//	1 RAO = 1,000,000,000 wei
//
// [Rao] is money; [Alpha] is the token of one subnet, counted in billionths as well, and worth what that subnet's pool says, so there is no conversion between the two
// here. [Wei] is RAO as contracts see it. TAO is a way to write RAO for people and has no type.
//
// # Rules
//
//   - Amounts are integers. Parsing and printing are exact; nothing here is a float.
//   - Arithmetic on amounts names what it does on overflow: [CheckedAdd] and its like report it, [SaturatingAdd] and its like stop at the end of the range. Plain + and - wrap,
//     as in all of Go, and belong only where a bound was shown.
//   - RAO to wei is exact ([Rao.Wei]). Wei to RAO rounds down and hands back the rest ([Wei.Rao]), which the caller keeps where it was: nobody gains or loses by rounding.
//     An amount that does not fit 64 bits of RAO is refused.
//
// # What it does not promise
//
// It does not bound amounts by the supply (21 million TAO), nor know the existential deposit.
//
//	amount, err := units.ParseTao("1.5")
//	fmt.Println(amount.Echo()) // 1.5 TAO = 1500000000 RAO
//
// Source: opentensor/subtensor, runtime/src/lib.rs (UNITS, EVM_DECIMALS_FACTOR and its balance converter, which rounds down as well).
package units
