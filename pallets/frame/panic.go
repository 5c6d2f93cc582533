package frame

// Panic is what pallets panic with where a block or an argument is not valid, and Substrate's runtimes trap: the one way to stop a call of the
// runtime that is no bug of ours. In the blob it is a trap; natively tests recover it.
type Panic string

// Error returns the text.
func (p Panic) Error() string { return string(p) }
