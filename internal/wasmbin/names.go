package wasmbin

import (
	"fmt"
	"unicode/utf8"
)

// NameSection is the name of the custom section that gives functions names for stack traces.
const NameSection = "name"

// subsectionFunctions is the part of the name section that names functions.
const subsectionFunctions = 1

// FunctionName is the name of the function of that index.
type FunctionName struct {
	Index uint32
	Name  string
}

// ParseFunctionNames reads the names of functions from the contents of a name section, in their order there. Errors wrap ErrMalformed.
func ParseFunctionNames(section []byte) ([]FunctionName, error) {
	r := reader{data: section}
	for r.left() > 0 {
		id, err := r.byte()
		if err != nil {
			return nil, nameError(err)
		}
		size, err := r.u32()
		if err != nil {
			return nil, nameError(err)
		}
		contents, err := r.bytes(size)
		if err != nil {
			return nil, nameError(err)
		}
		if id == subsectionFunctions {
			return functionNames(contents)
		}
	}
	return nil, nil
}

func functionNames(contents []byte) ([]FunctionName, error) {
	r := reader{data: contents}
	count, err := r.u32()
	if err != nil {
		return nil, nameError(err)
	}
	if int64(count) > int64(r.left()/2) { // an index and an empty name
		return nil, nameError(fmt.Errorf("%d names claimed, %d bytes are left", count, r.left()))
	}
	names := make([]FunctionName, 0, count)
	for range count {
		index, err := r.u32()
		if err != nil {
			return nil, nameError(err)
		}
		size, err := r.u32()
		if err != nil {
			return nil, nameError(err)
		}
		name, err := r.bytes(size)
		if err != nil {
			return nil, nameError(err)
		}
		if !utf8.Valid(name) {
			return nil, nameError(fmt.Errorf("name of function %d is no UTF-8", index))
		}
		names = append(names, FunctionName{index, string(name)})
	}
	return names, nil
}

func nameError(err error) error { return fmt.Errorf("%w: name section: %v", ErrMalformed, err) }

// EncodeFunctionNames returns the contents of a name section that names functions. The names must be sorted by index.
func EncodeFunctionNames(names []FunctionName) []byte {
	b := AppendU32(nil, uint32(len(names)))
	for _, n := range names {
		b = appendBytes(AppendU32(b, n.Index), []byte(n.Name))
	}
	return appendBytes([]byte{subsectionFunctions}, b)
}
