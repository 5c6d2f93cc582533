package balances

// Error is why the pallet refuses a call.
type Error uint8

// Errors of the pallet. VestingBalance and ExistingVestingSchedule are never raised: they keep their numbers from a time when vesting was part of it.
const (
	// VestingBalance: too much of the balance is vesting to send so much.
	VestingBalance Error = 0
	// LiquidityRestrictions: locks or freezes on the account forbid to take so much from it.
	LiquidityRestrictions Error = 1
	// InsufficientBalance: the balance is smaller than the amount.
	InsufficientBalance Error = 2
	// ExistentialDeposit: the amount is too small to open an account with it; send at least the existential deposit.
	ExistentialDeposit Error = 3
	// Expendability: the account would die of it, and was to be kept alive.
	Expendability Error = 4
	// ExistingVestingSchedule: the account has a vesting schedule already.
	ExistingVestingSchedule Error = 5
	// DeadAccount: the receiving account must exist before.
	DeadAccount Error = 6
	// TooManyReserves: the account has as many named reserves as it may have.
	TooManyReserves Error = 7
	// TooManyHolds: the account has as many holds as it may have.
	TooManyHolds Error = 8
	// TooManyFreezes: the account has as many freezes as it may have.
	TooManyFreezes Error = 9
	// IssuanceDeactivated: the issuance would become smaller than that part of it which is inactive.
	IssuanceDeactivated Error = 10
	// DeltaZero: the amount must not be zero.
	DeltaZero Error = 11
)
