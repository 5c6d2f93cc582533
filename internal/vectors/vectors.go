// Package vectors counts what a test takes from the tests of others: expectations that are facts, by the names of the tests that state them.
//
//	s := vectors.New(t, "pallet_multisig")
//	s.Test("cancel_multisig_works", func(v *vectors.Test) {
//		v.Fails(cancel(second), multisig.NotOwner)
//		v.Ok(cancel(first))
//	})
//	s.Omit("benchmark suite", "measures the original")
//	s.Done()
//
// Each Ok, Fails, Equal and True is one expectation of the original. Done prints how many there were and what was left out, and fails a
// suite that has none.
package vectors

import (
	"fmt"
	"os"
	"reflect"
	"testing"
)

// Suite is the tests of one original package.
type Suite struct {
	t                   *testing.T
	name                string
	tests, expectations int
	omitted             []string
}

// New returns a suite that holds nothing yet; name is that of the original package.
func New(t *testing.T, name string) *Suite { return &Suite{t: t, name: name} }

// Test runs one test of the original as a subtest of that name.
func (s *Suite) Test(name string, f func(v *Test)) {
	s.t.Helper()
	s.t.Run(name, func(t *testing.T) {
		v := &Test{T: t}
		f(v)
		if v.expectations == 0 {
			t.Error("states no expectation")
		}
		s.tests++
		s.expectations += v.expectations
	})
}

// Omit says what of the original is not here, and why.
func (s *Suite) Omit(what, why string) { s.omitted = append(s.omitted, what+": "+why) }

// Done prints the counts and fails a suite that has none.
func (s *Suite) Done() {
	s.t.Helper()
	if s.expectations == 0 {
		s.t.Error("no expectation was tested")
	}
	fmt.Fprintf(os.Stderr, "VECTORS: %d expectations of %d tests of %s\n", s.expectations, s.tests, s.name)
	for _, o := range s.omitted {
		fmt.Fprintf(os.Stderr, "VECTORS: %s: left out: %s\n", s.name, o)
	}
}

// Test is one test of the original.
type Test struct {
	*testing.T
	expectations int
}

// Ok expects success.
func (v *Test) Ok(err error) {
	v.Helper()
	v.expectations++
	if err != nil {
		v.Fatalf("expected success, got %v", err)
	}
}

// Fails expects the error want.
func (v *Test) Fails(err, want error) {
	v.Helper()
	v.expectations++
	if err != want {
		v.Fatalf("expected error %v, got %v", want, err)
	}
}

// Equal expects equal values.
func (v *Test) Equal(got, want any) {
	v.Helper()
	v.expectations++
	if !reflect.DeepEqual(got, want) {
		v.Fatalf("expected %v, got %v", want, got)
	}
}

// True expects a condition to hold.
func (v *Test) True(ok bool, what string) {
	v.Helper()
	v.expectations++
	if !ok {
		v.Fatalf("expected: %s", what)
	}
}
