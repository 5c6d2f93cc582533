// Package differential holds the runtime against itself: the same extrinsics natively and in the blob, under the compiler and under the interpreter, must
// give the same answers, events and state roots. It is tests alone.
package differential
