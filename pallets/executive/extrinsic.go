package executive

import (
	"slices"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// maxPayload is how many bytes are signed as they are; more are hashed.
const maxPayload = 256

// copies is how often the bytes of an extrinsic are copied on its way, as part of a value, of the payload, or of what is stored.
const copies = 3

// maxKept is how large a payload's memory may be and be used for the next.
const maxKept = 64 << 10

// extrinsic is a decoded extrinsic. The parts alias the argument.
type extrinsic struct {
	bytes      []byte // with the length prefix
	kind       chain.ExtrinsicType
	address    chain.AddressKind   // signed
	who        chain.AccountID     // signed, where address is AddressID
	scheme     chain.SignatureKind // signed
	signature  []byte              // signed
	extensions []byte              // signed and general
	call       frame.Call
	encoded    []byte // call
}

// parse takes xt apart into e.xt and the extensions. The error is one of package scale.
func (e *Executive) parse(xt []byte) error {
	d, x := &e.decoder, &e.xt
	d.Reset(xt)
	d.SetBudget(frame.MaxCallMemory)
	*x = extrinsic{bytes: xt}
	length := d.CompactU32()
	if d.Err() == nil && uint64(length) != uint64(d.Remaining()) {
		d.Fail(0, "length of extrinsic", scale.ErrInvalid, "not that of what follows")
	}
	first := d.U8()
	version := first & 0x3f
	x.kind = chain.ExtrinsicType(first >> 6)
	switch {
	case x.kind == chain.Bare && (version == 4 || version == 5):
		for _, ext := range e.extensions {
			ext.Reset()
		}
	case x.kind == chain.Signed && version == 4:
		x.parseSigner(d)
		x.extensions = e.parseExtensions(d)
	case x.kind == chain.General && version == 5:
		d.U8() // the version of the extensions: there is one set of them whatever it says
		x.extensions = e.parseExtensions(d)
	default:
		d.FailVariant("extrinsic version", first)
	}
	start := d.Offset()
	x.call = frame.DecodeUnboxedCall(d)
	if err := d.Finish(); err != nil {
		return err
	}
	x.encoded = xt[start:]
	return nil
}

// parseSigner reads address and signature, as chain.MultiAddress and chain.MultiSignature do, without copies.
func (x *extrinsic) parseSigner(d *scale.Decoder) {
	x.address = chain.AddressKind(d.U8())
	switch x.address {
	case chain.AddressID, chain.Address32:
		x.who = d.Array32()
	case chain.AddressIndex:
	case chain.AddressRaw:
		d.View()
	case chain.Address20:
		d.Take(20)
	default:
		d.FailVariant("address", uint8(x.address))
	}
	x.scheme = chain.SignatureKind(d.U8())
	switch x.scheme {
	case chain.SignatureEd25519, chain.SignatureSr25519:
		x.signature = d.Take(64)
	case chain.SignatureEcdsa:
		x.signature = d.Take(65)
	default:
		d.FailVariant("signature", uint8(x.scheme))
	}
}

// parseExtensions reads what the extensions have in the extrinsic, and returns those bytes.
func (e *Executive) parseExtensions(d *scale.Decoder) []byte {
	start := d.Offset()
	for _, ext := range e.extensions {
		ext.Decode(d)
	}
	if d.Err() != nil {
		return nil
	}
	return e.xt.bytes[start:d.Offset()]
}

// forget lets go of the extrinsic in hand, and notes what it cost in memory: what its parts took, and the copies of its bytes.
func (e *Executive) forget() {
	cost := frame.MaxCallMemory - e.decoder.Budget() + copies*len(e.xt.bytes)
	e.decoder = scale.Decoder{}
	e.xt, e.tx = extrinsic{}, frame.Tx{}
	frame.Allocated(cost)
}

// decode is parse of an argument that must decode.
func (e *Executive) decode(xt []byte) { must(e.parse(xt), "extrinsic") }

// Inspect returns what an extrinsic, with its length prefix, declares, and whether it is bare: what its fee is made of. The error is one of package
// scale.
func (e *Executive) Inspect(xt []byte) (info frame.DispatchInfo, bare bool, err error) {
	if err := e.parse(xt); err != nil {
		return info, false, err
	}
	return e.info(), e.xt.kind == chain.Bare, nil
}

// info returns what the extrinsic in hand declares, with the weight of its extensions.
func (e *Executive) info() frame.DispatchInfo {
	info := e.xt.call.Info()
	if e.xt.kind != chain.Bare && !e.FreeExtensions {
		for _, ext := range e.extensions {
			info.Extension = info.Extension.Add(ext.Weight(e.xt.call))
		}
	}
	return info
}

// isInherent tells whether the extrinsic in hand is an inherent: bare, and with a call that its pallet says is one.
func (e *Executive) isInherent() bool {
	if e.xt.kind != chain.Bare {
		return false
	}
	pallet, _ := e.xt.call.CallIndex()
	p := e.inherents[pallet]
	return p != nil && p.IsInherent(e.xt.call)
}

// ApplyExtrinsic applies an extrinsic, with its length prefix, and returns the encoded ApplyExtrinsicResult: Result<DispatchOutcome,
// TransactionValidityError>. The bytes are valid until the next call. It panics with a Panic where xt does not decode.
func (e *Executive) ApplyExtrinsic(xt []byte) []byte {
	e.decode(xt)
	outcome, err := e.apply(e.isInherent())
	if err != nil {
		e.result = frame.AsTransactionError(err).AppendScale(append(e.result[:0], 1))
	} else {
		e.result = outcome.AppendScale(append(e.result[:0], 0))
	}
	e.forget()
	return e.result
}

// apply applies the extrinsic in hand. Error: a frame.TransactionError where it is not valid; what it wrote is to be dropped then.
func (e *Executive) apply(inherent bool) (outcome frame.Outcome, err error) {
	if err := e.verify(); err != nil {
		return outcome, err
	}
	x, tx := &e.xt, &e.tx
	*tx = frame.Tx{Call: x.call, Info: e.info(), Len: len(x.bytes), Source: frame.InBlock, Encoded: x.encoded}
	if !inherent && !system.InherentsApplied() {
		e.inherentsApplied()
	}
	system.NoteExtrinsic(x.bytes)
	var post frame.PostInfo
	var callErr error
	if x.kind == chain.Bare {
		post, callErr, err = e.dispatchBare()
	} else {
		post, callErr, err = e.dispatch()
	}
	if err != nil {
		return outcome, err
	}
	if callErr != nil && tx.Info.Class == frame.Mandatory {
		return outcome, frame.InvalidBadMandatory
	}
	system.NoteAppliedExtrinsic(post, callErr, tx.Info)
	return frame.OutcomeOf(callErr), nil
}

// verify checks who signed the extrinsic in hand. Errors: UnknownCannotLookup where the address names no account, those of the extensions, InvalidBadProof.
func (e *Executive) verify() error {
	x := &e.xt
	if x.kind != chain.Signed {
		return nil
	}
	if x.address != chain.AddressID {
		return frame.UnknownCannotLookup
	}
	e.payload = slices.Grow(e.payload[:0], len(x.encoded)+len(x.extensions)+maxPayload)
	e.payload = append(append(e.payload, x.encoded...), x.extensions...)
	if err := e.implicit(); err != nil {
		return err
	}
	message := e.payload
	if len(message) > maxPayload {
		h := host.Blake2_256(message)
		message = append(e.payload[:0], h[:]...)
	}
	ok := verify(x.scheme, x.signature, message, &x.who)
	if cap(e.payload) > maxKept {
		e.payload = nil
	}
	if !ok {
		return frame.InvalidBadProof
	}
	return nil
}

// implicit appends to the payload what the extensions add to it.
func (e *Executive) implicit() (err error) {
	for _, ext := range e.extensions {
		if e.payload, err = ext.AppendImplicit(e.payload); err != nil {
			return err
		}
	}
	return nil
}

// verify tells whether the signature of message is that of the account: whose id is the public key, or for ecdsa the hash of it.
func verify(scheme chain.SignatureKind, signature, message []byte, who *chain.AccountID) bool {
	switch scheme {
	case chain.SignatureEd25519:
		return host.Ed25519Verify((*[64]byte)(signature), message, (*[32]byte)(who))
	case chain.SignatureSr25519:
		return host.Sr25519Verify((*[64]byte)(signature), message, (*[32]byte)(who))
	case chain.SignatureEcdsa:
		digest := host.Blake2_256(message)
		public, ok := host.Secp256k1RecoverCompressed((*[65]byte)(signature), &digest)
		return ok && host.Blake2_256(public[:]) == *who
	}
	panic("BUG: signature of an unknown scheme was decoded")
}

// validate asks the extensions about the transaction in hand. Error: a frame.TransactionError.
func (e *Executive) validate() (valid frame.ValidTransaction, err error) {
	x, tx := &e.xt, &e.tx
	if x.kind == chain.Signed {
		tx.Origin = frame.SignedBy(x.who)
	} else {
		tx.Origin = frame.None()
		// What a signature would cover must be known here too.
		e.payload = e.payload[:0]
		if err := e.implicit(); err != nil {
			return valid, err
		}
	}
	valid = frame.DefaultValid()
	for _, ext := range e.extensions {
		v, err := ext.Validate(tx)
		if err != nil {
			return valid, err
		}
		valid = valid.Combine(v)
	}
	if tx.Origin.Caller.Kind == frame.OriginNone {
		return valid, frame.InvalidUnknownOrigin // no extension has authorized one
	}
	return valid, nil
}

// dispatch runs the call in hand between the extensions. callErr is that of the call, err a frame.TransactionError.
func (e *Executive) dispatch() (post frame.PostInfo, callErr, err error) {
	tx := &e.tx
	if _, err = e.validate(); err != nil {
		return post, nil, err
	}
	for _, ext := range e.extensions {
		if err = ext.Prepare(tx); err != nil {
			return post, nil, err
		}
	}
	post, callErr = frame.Dispatch(tx.Call, tx.Origin)
	e.post = post.AddExtensions(tx.Info)
	for _, ext := range e.extensions {
		if err = ext.PostDispatch(tx, &e.post, callErr); err != nil {
			return e.post, callErr, err
		}
	}
	return e.post, callErr, nil
}

// dispatchBare runs the call of the bare extrinsic in hand. callErr is that of the call, err a frame.TransactionError.
func (e *Executive) dispatchBare() (post frame.PostInfo, callErr, err error) {
	tx := &e.tx
	tx.Origin = frame.None()
	pallet, _ := tx.Call.CallIndex()
	if v := e.validators[pallet]; v != nil { // others are not asked: what only looks like an inherent fails by itself
		if err = v.PreDispatch(tx.Call); err != nil {
			return post, nil, err
		}
	}
	for _, ext := range e.bare {
		if _, err = ext.BareValidate(tx); err != nil {
			return post, nil, err
		}
		if err = ext.BarePrepare(tx); err != nil {
			return post, nil, err
		}
	}
	post, callErr = frame.Dispatch(tx.Call, tx.Origin)
	e.post = post // and the event says what the call said
	for _, ext := range e.bare {
		if err = ext.BarePostDispatch(tx, &e.post, callErr); err != nil {
			return post, callErr, err
		}
	}
	return post, callErr, nil
}

// ValidateTransaction judges an extrinsic, with its length prefix, for the pool: as if the next block, on the one with hash parent, began with it.
// It returns the encoded TransactionValidity: Result<ValidTransaction, TransactionValidityError>, valid until the next call. What it
// writes is to be dropped. It panics with a Panic where xt does not decode.
func (e *Executive) ValidateTransaction(source frame.Source, xt []byte, parent hash.H256) []byte {
	e.decode(xt)
	system.Initialize(system.Number()+1, parent, nil)
	valid, err := frame.ValidTransaction{}, error(frame.InvalidCall)
	if !e.tooDeep() {
		valid, err = e.judge(source)
	}
	if err != nil {
		e.result = frame.AsTransactionError(err).AppendScale(append(e.result[:0], 1))
	} else {
		e.result = valid.AppendScale(append(e.result[:0], 0))
	}
	return e.result
}

// tooDeep tells whether the call in hand nests deeper than the pool takes.
func (e *Executive) tooDeep() bool {
	if e.PoolDepth == 0 {
		return false
	}
	e.decoder.Reset(e.xt.encoded)
	e.decoder.SetDepth(e.PoolDepth)
	frame.DecodeUnboxedCall(&e.decoder)
	return e.decoder.Err() != nil
}

// judge validates the extrinsic in hand for the pool. Error: a frame.TransactionError.
func (e *Executive) judge(source frame.Source) (valid frame.ValidTransaction, err error) {
	if err := e.verify(); err != nil {
		return valid, err
	}
	x, tx := &e.xt, &e.tx
	*tx = frame.Tx{Call: x.call, Info: e.info(), Len: len(x.bytes), Source: source, Encoded: x.encoded}
	if tx.Info.Class == frame.Mandatory {
		return valid, frame.InvalidMandatoryValidation
	}
	if x.kind != chain.Bare {
		return e.validate()
	}
	tx.Origin = frame.None()
	pallet, _ := tx.Call.CallIndex()
	v := e.validators[pallet]
	if v == nil {
		return valid, frame.UnknownNoValidator
	}
	unsigned, err := v.ValidateUnsigned(source, tx.Call)
	if err != nil {
		return valid, err
	}
	valid = frame.DefaultValid()
	for _, ext := range e.bare {
		of, err := ext.BareValidate(tx)
		if err != nil {
			return valid, err
		}
		valid = valid.Combine(of)
	}
	return valid.Combine(unsigned), nil
}
