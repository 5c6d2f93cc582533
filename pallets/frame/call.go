package frame

import (
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Call is a call with its arguments: a pointer to one of the call types that are generated for each pallet. Its encoding is that of
// RuntimeCall: pallet index, call index, arguments.
type Call interface {
	scale.Encodable
	// CallIndex returns the index of the pallet and of the call in it.
	CallIndex() (pallet, call uint8)
	// Info returns weight, class and whether it pays; the weight of extensions is not in it.
	Info() DispatchInfo
	// Run is the body of the call: no filter, no storage layer. Use Dispatch.
	Run(origin Origin) (PostInfo, error)
}

// Dispatch runs a call for an origin, if the origin's filters allow it, and takes back what it wrote if it fails. Errors are those of
// the call, System's CallFiltered, and TransactionalLimitReached. It is the one door for calls on behalf of others than root, those inside of
// calls included: what a runtime asks of each of them is asked here, beside the filters.
func Dispatch(c Call, origin Origin) (PostInfo, error) {
	if !origin.Allows(c) {
		return PostInfo{}, Module(systemIndex, callFiltered)
	}
	return DispatchBypassFilter(c, origin)
}

// DispatchBypassFilter is Dispatch without a look at the filters: for root.
func DispatchBypassFilter(c Call, origin Origin) (post PostInfo, err error) {
	Allocated(dispatchMemory)
	layerErr := Transaction(func() error {
		post, err = c.Run(origin)
		return err
	})
	return post, layerErr
}

// System has index 0 in every runtime, and CallFiltered has number 5 in System.
const (
	systemIndex  = 0
	callFiltered = 5
)

// MaxLayers is how many storage layers may be open at once. Source: frame_support, TRANSACTIONAL_LIMIT.
const MaxLayers = 255

// layers is how many storage layers are open.
var layers int

// Transaction runs f, and takes back what it wrote if it returns an error. Error: that of f, or TransactionalLimitReached.
func Transaction(f func() error) error {
	if layers >= MaxLayers {
		return TransactionalLimitReached
	}
	layers++
	host.Begin()
	err := f()
	layers--
	if err != nil {
		host.Rollback()
	} else {
		host.Commit()
	}
	return err
}

// DecodeCall reads a call of the runtime that is installed, in its box: what a field of type Call decodes with. How deep calls nest in
// calls is bounded by the decoder.
func DecodeCall(d *scale.Decoder) Call {
	if !d.Enter() {
		return nil
	}
	defer d.Leave()
	return DecodeUnboxedCall(d)
}

// DecodeUnboxedCall reads a call that stands in an extrinsic or as an item of a sequence, where it counts as no level of its own: Substrate
// takes batches in batches 256 deep.
func DecodeUnboxedCall(d *scale.Decoder) Call {
	index := d.U8()
	if d.Err() != nil {
		return nil
	}
	if current == nil || current.byIndex[index] == nil {
		d.FailVariant("call", index)
		return nil
	}
	if !d.Charge(callMemory) {
		return nil
	}
	return current.byIndex[index].DecodeCall(d)
}

// DecodeStoredCall reads a call that stands alone, with what calls in extrinsics may take. Bytes behind it are left over. The error is one of package scale.
func DecodeStoredCall(encoded []byte) (Call, error) {
	d := scale.NewDecoder(encoded)
	d.SetBudget(MaxCallMemory)
	c := DecodeCall(d)
	if d.Err() != nil {
		return nil, d.Err()
	}
	return c, nil
}

// AppendCall appends a call; it is what a field of type Call encodes with.
func AppendCall(dst []byte, c Call) []byte { return c.AppendScale(dst) }
