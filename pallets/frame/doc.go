// Package frame is what pallets are made of: storage items, calls, events, errors, origins, weights, and the types that
// bind pallets to a runtime. It is to a Go runtime what FRAME is to a Rust one, and its bytes are the same.
//
// # Picture
//
//	package counter            // one package, one pallet
//
//	type Storage struct { … }  // what it keeps            frame.Value, frame.Map, …
//	type Constants struct { … }// what the runtime sets     in metadata
//	type Pallet struct { … }   // Constants, Storage, and what it needs of other pallets
//	func (p *Pallet) Add(…)    // what users may ask of it  //frame:call 0
//	type Added struct { … }    // what it tells the world   //frame:event 0
//	const Overflow Error = 0   // why it refuses
//
//	go generate ─► pallet_gen.go: codecs, call types, dispatch, and the description from which metadata is made
//
// A developer writes declarations and rules; everything that follows from the declarations is generated and never
// edited. The generator (package gen) reads types and comments, so that the text over a call is the text that wallets show.
//
// # A pallet, whole
//
//	//go:generate go run ../frame/gen
//
//	// Package counter counts for each account.
//	package counter
//
//	// Pallet is the counter pallet.
//	type Pallet struct {
//		Constants
//		Storage
//	}
//
//	// Constants are set by the runtime.
//	type Constants struct {
//		// MaxStep is the most that one call may add.
//		MaxStep uint32
//	}
//
//	// Storage is all that the pallet keeps.
//	type Storage struct {
//		// Count of each account. Absent reads as zero.
//		Count frame.Map[frame.Blake2_128Concat, chain.AccountID, uint32]
//		// Last account that counted, if any did.
//		Last frame.OptionValue[chain.AccountID]
//	}
//
//	// Add adds step to the sender's count.
//	//
//	//frame:call 0
//	//frame:weight frame.RefTime(10_000_000).Reads(1).Writes(2)
//	func (p *Pallet) Add(origin frame.Origin, step uint32) error {
//		who, err := origin.Signed()
//		if err != nil {
//			return err
//		}
//		if step > p.MaxStep {
//			return TooMuch
//		}
//		p.Count.Put(who, p.Count.Get(who)+step)
//		p.Last.Put(who)
//		system.Deposit(Added{Who: who, Step: step})
//		return nil
//	}
//
//	// Added: an account has counted.
//	//
//	//frame:event 0
//	type Added struct {
//		Who  chain.AccountID
//		Step uint32
//	}
//
//	// Error is why the pallet refuses a call.
//	type Error uint8
//
//	const (
//		// TooMuch: the step is larger than MaxStep.
//		TooMuch Error = 0
//	)
//
// # What the generator reads
//
//   - type Pallet struct with the embedded structs Storage and Constants (either may be missing), and fields of its own choice.
//   - Storage: exported fields of the item types of this package, in the order of metadata. Tag `default:"expr"` gives the Go
//     expression of the default of a Value or Map with value query (in the scope of the pallet as p), `name:"Other"` another name.
//   - Constants: exported fields, in the order of metadata; tag `name:"…"`.
//   - Calls: methods of *Pallet with //frame:call N. First parameter frame.Origin, then the arguments; result error, or
//     (frame.PostInfo, error). //frame:weight is a Go expression of type frame.Weight in the scope of the method's receiver and
//     arguments; //frame:class Operational or Mandatory or an expression of type frame.Class; //frame:pays No or an expression of
//     type frame.Pays; //frame:info in place of these three is one expression of type frame.DispatchInfo, for calls that hold calls:
//     asking an inner call for its Info more than once would double the work with each level of nesting.
//     //frame:compact a, b: arguments in compact form. //frame:rust a=T::Balance, b=…: how the original spells
//     their types (typeName in metadata), where the type's own spelling does not do. Names on the wire are the Go names in snake_case
//     (//frame:call N name=other_name where the original's differs); directives may use either.
//     Each call becomes a type AddCall with one field for each argument, which implements Call (by pointer).
//   - Events: structs with //frame:event N (or N name=Other). Fields: tag `scale:"compact"`, `name:"who"`, `rust:"T::AccountId"`; a field called
//     F0, F1, … has no name in metadata.
//   - Errors: constants of type Error, with explicit numbers, contiguous from 0; a number that is retired stays as _ Error = N. The
//     comment is what wallets show, without the leading name and colon; so it is for events.
//   - Types used in any of these: bool, integers, string, arrays, slices, pointers (Option), chain.*, hash.H256, units.Rao,
//     fixed.*, scale.U128, scale.U256, frame.Call (a boxed RuntimeCall), Pair (a tuple of two), and the package's own types:
//     a struct with //frame:type some::rust::Path (optionally Path<Name=GoType, Other>) is a composite of its exported fields; with
//     //frame:tuple it is a tuple; a named slice with //frame:type Path, //frame:bound N is a bounded vector; a named integer with
//     //frame:enum Path is an enum of its constants, whose names begin with that of the type or not (KindSmall is Small; //frame:name
//     Other over a constant names it otherwise); a named integer with //frame:compact is compact wherever it stands. Without a directive a named type that is no struct is what it is made of.
//     Codecs (AppendScale, DecodeScale) are generated unless the type has them. A type with its own codec describes itself: a
//     function describeT(r *describe.Registry) metadata.Type in a file with //go:build !wasm (see package describe).
//
// What it writes: for the pallet Bind (prefixes, codecs, index), DecodeCall, the call types, Error's methods, codecs; and in
// pallet_describe_gen.go, which is not part of the blob, Describe.
//
// # Rules
//
//   - A runtime has each pallet once: the pallet's index and its instance are variables of its package, set by Bind. That is what
//     lets errors, events and calls be plain values. Tests bind anew as often as they like.
//   - State transitions run in one goroutine (package host), and storage items share buffers. What Get returns is the caller's.
//   - A value that does not decode reads as absent, and bytes left over behind a value are ignored, as in FRAME.
//   - Calls are transactional: a call that returns an error has written nothing. Events are part of that.
//   - Nothing here reflects or formats on the way of a block; the description does, and is not in the blob. Decoding allocates: what a call holds, within
//     MaxCallMemory, and what a storage item returns. In the blob nothing is freed but by Allocated, which the executive calls after each extrinsic, the
//     scheduler after each task, and Dispatch before each call. Code that leaves much behind besides calls it too.
//
// # What it does not do
//
// It does not bound how large a stored value gets beyond //frame:bound, and weights are what the declarations say: gotensor
// benchmark pallet compares them with what calls cost. Two pallets of one kind in a runtime are not supported.
//
// Source: paritytech/polkadot-sdk substrate/frame/support and sp_runtime; RATIONALE.md has the designs that were tried and left.
package frame
