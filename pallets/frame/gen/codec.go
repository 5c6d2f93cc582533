package main

import (
	"fmt"
	"go/token"
	"go/types"
	"strconv"
	"strings"
	"unicode"
)

// Packages whose types the generator knows.
const (
	framePath    = "github.com/gotensor/gotensor/pallets/frame"
	describePath = "github.com/gotensor/gotensor/pallets/frame/describe"
	scalePath    = "github.com/gotensor/gotensor/primitives/scale"
	fixedPath    = "github.com/gotensor/gotensor/primitives/fixed"
	chainPath    = "github.com/gotensor/gotensor/primitives/chain"
	hashPath     = "github.com/gotensor/gotensor/primitives/hash"
	unitsPath    = "github.com/gotensor/gotensor/primitives/units"
	metadataPath = "github.com/gotensor/gotensor/primitives/metadata"
)

// integers are the basic types that have an encoding: the ends of the names of scale's functions.
var integers = map[types.BasicKind]string{
	types.Uint8: "U8", types.Uint16: "U16", types.Uint32: "U32", types.Uint64: "U64",
	types.Int8: "I8", types.Int16: "I16", types.Int32: "I32", types.Int64: "I64",
}

// isNamed tells whether t is the type path.name, or an instance of it.
func isNamed(t types.Type, path, name string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == path && n.Obj().Name() == name
}

func isCall(t types.Type) bool { return isNamed(t, framePath, "Call") }

// isByte tells whether a slice or array of t goes through functions of bytes: t is byte itself.
func isByte(t types.Type) bool { return types.Identical(types.Unalias(t), types.Typ[types.Uint8]) }

// isScale returns the name of a type of package scale that Decoder reads by a method of that name: U128, U256.
func isScale(t types.Type) (name string, ok bool) {
	for _, name := range []string{"U128", "U256"} {
		if isNamed(t, scalePath, name) {
			return name, true
		}
	}
	return "", false
}

// fixedSizes are the sizes of the fixed-point types.
var fixedSizes = map[string]int{"I32F32": 8, "I64F64": 16, "I96F32": 16, "U64F64": 16, "U96F32": 16}

func isFixed(t types.Type) (name string, size int, ok bool) {
	n, ok := types.Unalias(t).(*types.Named)
	if !ok || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != fixedPath {
		return "", 0, false
	}
	size, ok = fixedSizes[n.Obj().Name()]
	return n.Obj().Name(), size, ok
}

// hasCodec tells whether t has the methods AppendScale and DecodeScale, written or generated, and whether AppendScale can be called on values.
func (p *pkg) hasCodec(t types.Type) (onValue, ok bool) {
	n, isNamed := types.Unalias(t).(*types.Named)
	if !isNamed || types.IsInterface(n) {
		return false, false
	}
	if p.writtenMethod(n, "AppendScale") && p.writtenMethod(n, "DecodeScale") {
		set := types.NewMethodSet(n)
		return set.Lookup(n.Obj().Pkg(), "AppendScale") != nil, true
	}
	if n.Obj().Pkg() == nil {
		return false, false
	}
	return true, p.declared[n.Obj().Pkg().Path()][n.Obj().Name()].declaresCodec()
}

func (p *pkg) writtenMethod(n *types.Named, name string) bool {
	set := types.NewMethodSet(types.NewPointer(n))
	method := set.Lookup(n.Obj().Pkg(), name)
	return method != nil && len(method.Index()) == 1 // one that is promoted encodes the embedded part only
}

// encodable tells whether t has an encoding, and reports why where it has none. what says where t stands: "argument step of Add".
func (p *pkg) encodable(pos token.Pos, what string, t types.Type) bool {
	bad := func(format string, args ...any) bool {
		p.errorf(pos, what+": "+format, args...)
		return false
	}
	if t == nil || t == types.Typ[types.Invalid] {
		return bad("%s", p.whyInvalid(pos))
	}
	t = types.Unalias(t)
	if _, ok := p.hasCodec(t); ok {
		return true
	}
	if _, ok := isScale(t); ok {
		return true
	}
	if _, _, ok := isFixed(t); ok {
		return true
	}
	if isCall(t) {
		return true
	}
	named, _ := t.(*types.Named)
	if named != nil && (p.writtenMethod(named, "AppendScale") || p.writtenMethod(named, "DecodeScale")) {
		return bad("%s has one of AppendScale and DecodeScale: write both or none", p.say(t))
	}
	if isNamed(t, framePath, "Pair") {
		return p.encodable(pos, what, named.TypeArgs().At(0)) && p.encodable(pos, what, named.TypeArgs().At(1))
	}
	if named != nil {
		if p.within[named] {
			return bad("%s contains itself: write AppendScale and DecodeScale, with scale.DecodeBox or Decoder.Enter to bound the depth", p.say(t))
		}
		p.within[named] = true
		defer delete(p.within, named)
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch u.Kind() {
		case types.Bool, types.String:
			return true
		case types.Invalid:
			return bad("%s", p.whyInvalid(pos))
		case types.Int, types.Uint, types.Uintptr:
			return bad("%s has no fixed size: write %s64", p.say(t), strings.TrimSuffix(strings.TrimSuffix(u.Name(), "ptr"), "64"))
		case types.Float32, types.Float64:
			return bad("%s is no type of the chain: write a type of primitives/fixed", p.say(t))
		}
		if _, ok := integers[u.Kind()]; ok {
			return true
		}
	case *types.Slice:
		return p.encodable(pos, what, u.Elem())
	case *types.Array:
		return p.encodable(pos, what, u.Elem())
	case *types.Pointer:
		return p.encodable(pos, what, u.Elem())
	case *types.Map:
		return bad("%s has no order: write a slice of pairs, []frame.Pair[%s, %s]", p.say(t), p.say(u.Key()), p.say(u.Elem()))
	case *types.Struct:
		if u.NumFields() == 0 {
			return true
		}
		if named != nil && named.Obj().Pkg() == p.types {
			return bad("struct %s has no codec: put //frame:type some::rust::Path or //frame:tuple over it, or write AppendScale and DecodeScale", p.say(t))
		}
		if named == nil {
			return bad("a struct without a name has no codec: declare a type with //frame:type some::rust::Path or //frame:tuple")
		}
		return bad("struct %s has no AppendScale and DecodeScale", p.say(t))
	}
	return bad("%s has no encoding: of interfaces there is frame.Call; else write a type with AppendScale and DecodeScale", p.say(t))
}

// say is how error messages spell t.
func (p *pkg) say(t types.Type) string {
	return types.TypeString(t, func(other *types.Package) string {
		if other == p.types {
			return ""
		}
		return other.Name()
	})
}

// appendExpr returns an expression that appends x of type t to dst. x is a variable or a field of one.
func (f *file) appendExpr(x string, t types.Type) string {
	t = types.Unalias(t)
	if isCall(t) {
		return fmt.Sprintf("%s(dst, %s)", f.ref(framePath, "AppendCall"), x)
	}
	if _, ok := f.p.hasCodec(t); ok {
		return x + ".AppendScale(dst)"
	}
	if name, ok := isScale(t); ok {
		return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "Append"+name), x)
	}
	if _, _, ok := isFixed(t); ok {
		return x + ".AppendLE(dst)"
	}
	if isNamed(t, framePath, "Pair") {
		args := t.(*types.Named).TypeArgs()
		return strings.Replace(f.appendExpr(x+".B", args.At(1)), "dst", f.appendExpr(x+".A", args.At(0)), 1)
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch u.Kind() {
		case types.Bool:
			return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "AppendBool"), convert("bool", x, t))
		case types.String:
			return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "AppendString"), convert("string", x, t))
		case types.Uint8:
			return fmt.Sprintf("append(dst, %s)", convert("byte", x, t))
		}
		return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "Append"+integers[u.Kind()]), convert(u.Name(), x, t))
	case *types.Slice:
		if isByte(u.Elem()) {
			return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "AppendBytes"), x)
		}
		if onValue, ok := f.p.hasCodec(u.Elem()); ok && onValue {
			return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "AppendSlice"), x)
		}
		return fmt.Sprintf("%s(dst, %s, %s)", f.ref(scalePath, "AppendSeq"), x, f.appendFunc(u.Elem()))
	case *types.Array:
		if isByte(u.Elem()) {
			return fmt.Sprintf("append(dst, %s[:]...)", x)
		}
		return fmt.Sprintf("%s(dst, %s[:], %s)", f.ref(scalePath, "AppendArray"), x, f.appendFunc(u.Elem()))
	case *types.Pointer:
		return fmt.Sprintf("%s(dst, %s, %s)", f.ref(scalePath, "AppendOption"), x, f.appendFunc(u.Elem()))
	case *types.Struct:
		return "dst"
	}
	panic("BUG: no encoding of " + t.String())
}

// convert returns x as a value of the basic type.
func convert(basic, x string, t types.Type) string {
	if _, ok := types.Unalias(t).(*types.Basic); ok {
		return x
	}
	return basic + "(" + x + ")"
}

// decodeStmt returns a statement that reads the variable x of type t from d.
func (f *file) decodeStmt(x string, t types.Type) string {
	t = types.Unalias(t)
	if isCall(t) {
		return fmt.Sprintf("%s = %s(d)", x, f.ref(framePath, "DecodeCall"))
	}
	if _, ok := f.p.hasCodec(t); ok {
		return x + ".DecodeScale(d)"
	}
	if name, ok := isScale(t); ok {
		return fmt.Sprintf("%s = d.%s()", x, name)
	}
	if _, _, ok := isFixed(t); ok {
		return fmt.Sprintf("%s = %s(d)", x, f.decodeFunc(t))
	}
	if isNamed(t, framePath, "Pair") {
		args := t.(*types.Named).TypeArgs()
		return f.decodeStmt(x+".A", args.At(0)) + "\n" + f.decodeStmt(x+".B", args.At(1))
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return fmt.Sprintf("%s = %s", x, f.convertBack(basicRead(u), t))
	case *types.Slice:
		if isByte(u.Elem()) {
			return fmt.Sprintf("%s = d.Bytes()", x)
		}
		if _, ok := f.p.hasCodec(u.Elem()); ok {
			return fmt.Sprintf("%s = %s[%s](d)", x, f.ref(scalePath, "DecodeSlice"), f.typ(u.Elem()))
		}
		item := f.decodeFunc(u.Elem())
		if isCall(u.Elem()) { // the sequence is a level of nesting, and its calls stand in no boxes
			item = f.ref(framePath, "DecodeUnboxedCall")
		}
		return fmt.Sprintf("%s = %s(d, %s)", x, f.ref(scalePath, "DecodeSeq"), item)
	case *types.Array:
		if isByte(u.Elem()) {
			return fmt.Sprintf("d.Read(%s[:])", x)
		}
		return fmt.Sprintf("%s(d, %s[:], %s)", f.ref(scalePath, "DecodeArray"), x, f.decodeFunc(u.Elem()))
	case *types.Pointer:
		return fmt.Sprintf("%s = %s(d, %s)", x, f.ref(scalePath, "DecodeOption"), f.decodeFunc(u.Elem()))
	case *types.Struct:
		return ""
	}
	panic("BUG: no encoding of " + t.String())
}

func basicRead(u *types.Basic) string {
	switch u.Kind() {
	case types.Bool:
		return "d.Bool()"
	case types.String:
		return "d.Text()"
	}
	return "d." + integers[u.Kind()] + "()"
}

// convertBack returns an expression of a basic type as one of type t.
func (f *file) convertBack(x string, t types.Type) string {
	if _, ok := types.Unalias(t).(*types.Basic); ok {
		return x
	}
	return f.typ(t) + "(" + x + ")"
}

// compactable tells whether t is an integer that has a compact form: an unsigned one, or scale.U128.
func compactable(t types.Type) bool {
	if isNamed(t, scalePath, "U128") {
		return true
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsUnsigned != 0 && integers[b.Kind()] != ""
}

// appendCompact is appendExpr in compact form.
func (f *file) appendCompact(x string, t types.Type) string {
	if isNamed(t, scalePath, "U128") {
		return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "AppendCompactU128"), x)
	}
	if !types.Identical(types.Unalias(t), types.Typ[types.Uint64]) {
		x = "uint64(" + x + ")"
	}
	return fmt.Sprintf("%s(dst, %s)", f.ref(scalePath, "AppendCompact"), x)
}

// decodeCompact is decodeStmt in compact form.
func (f *file) decodeCompact(x string, t types.Type) string {
	if isNamed(t, scalePath, "U128") {
		return x + " = d.CompactU128()"
	}
	return x + " = " + f.convertBack(compactRead(t.Underlying().(*types.Basic)), t)
}

func compactRead(u *types.Basic) string {
	if u.Kind() == types.Uint64 {
		return "d.Compact()"
	}
	return "d.Compact" + integers[u.Kind()] + "()"
}

// appendFunc and decodeFunc return functions for values of type t: those of package scale, or ones that are written at the end of the file.
// A function of its own calls the methods of t directly, so that what it reads need not be on the heap, as in a generic function.
func (f *file) appendFunc(t types.Type) string {
	t = types.Unalias(t)
	if isCall(t) {
		return f.ref(framePath, "AppendCall")
	}
	if name := builtin(t); name != "" {
		if name == "Text" {
			name = "String"
		}
		return f.ref(scalePath, "Append"+name)
	}
	return f.helper(t).appendName
}

func (f *file) decodeFunc(t types.Type) string {
	t = types.Unalias(t)
	if isCall(t) {
		return f.ref(framePath, "DecodeUnboxedCall")
	}
	if name := builtin(t); name != "" {
		return fmt.Sprintf("(*%s).%s", f.ref(scalePath, "Decoder"), name)
	}
	return f.helper(t).decodeName
}

// builtin returns the name of the Decoder's method that reads exactly t, or nothing.
func builtin(t types.Type) string {
	if name, ok := isScale(t); ok {
		return name
	}
	switch u := t.(type) {
	case *types.Basic:
		switch u.Kind() {
		case types.Bool:
			return "Bool"
		case types.String:
			return "Text"
		}
		return integers[u.Kind()]
	case *types.Slice:
		if isByte(u.Elem()) {
			return "Bytes"
		}
	}
	return ""
}

// helper is a pair of functions for values of a type.
type helper struct {
	t                      types.Type
	appendName, decodeName string
}

func (f *file) helper(t types.Type) *helper {
	key := types.TypeString(t, nil)
	if h, ok := f.helperOf[key]; ok {
		return h
	}
	name := f.p.mangle(t)
	h := &helper{t, f.free("append" + name), f.free("decode" + name)}
	f.helperOf[key] = h
	f.helpers = append(f.helpers, h)
	return h
}

// free returns name, or a longer one where the package has declared it.
func (f *file) free(name string) string {
	for f.p.types.Scope().Lookup(name) != nil {
		name += "Scale"
	}
	return name
}

// mangle returns a name for t that is part of the name of a function.
func (p *pkg) mangle(t types.Type) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		name := upperFirst(t.Obj().Name())
		if of := t.Obj().Pkg(); of != nil && of != p.types {
			name = upperFirst(of.Name()) + name
		}
		for i := range t.TypeArgs().Len() {
			name += p.mangle(t.TypeArgs().At(i))
		}
		return name
	case *types.Basic:
		if name := integers[t.Kind()]; name != "" {
			return name
		}
		return upperFirst(t.Name())
	case *types.Slice:
		if isByte(t.Elem()) {
			return "Bytes"
		}
		return "SliceOf" + p.mangle(t.Elem())
	case *types.Array:
		if isByte(t.Elem()) {
			return "Bytes" + strconv.FormatInt(t.Len(), 10)
		}
		return "Array" + strconv.FormatInt(t.Len(), 10) + "Of" + p.mangle(t.Elem())
	case *types.Pointer:
		return "OptionOf" + p.mangle(t.Elem())
	case *types.Struct:
		return "Unit"
	}
	panic("BUG: no name for " + t.String())
}

func upperFirst(s string) string { return string(unicode.ToUpper(rune(s[0]))) + s[1:] }
func lowerFirst(s string) string { return string(unicode.ToLower(rune(s[0]))) + s[1:] }

// zero returns an expression for the zero value of t.
func (f *file) zero(t types.Type) string {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsString != 0:
			return `""`
		case u.Info()&types.IsBoolean != 0:
			return "false"
		}
		return "0"
	case *types.Struct, *types.Array:
		return f.typ(t) + "{}"
	}
	return "nil"
}

// spelling returns how Rust code would spell t: what metadata shows as the name of the type of a field where no directive says better.
func (p *pkg) spelling(t types.Type) string {
	t = types.Unalias(t)
	if name, ok := isScale(t); ok {
		return map[string]string{"U128": "u128", "U256": "U256"}[name]
	}
	if n, ok := t.(*types.Named); ok {
		path, name := "", n.Obj().Name()
		if n.Obj().Pkg() != nil {
			path = n.Obj().Pkg().Path()
		}
		if spelled, ok := spellings[path+"."+name]; ok {
			return spelled
		}
		if name == "Pair" && path == framePath {
			return "(" + p.spelling(n.TypeArgs().At(0)) + ", " + p.spelling(n.TypeArgs().At(1)) + ")"
		}
		if ds := p.declared[path][name]; ds.declaresCodec() && !ds.has("tuple") {
			if ds.has("compact") {
				return "Compact<" + p.spelling(n.Underlying()) + ">"
			}
			rust, _, _ := strings.Cut(ds["type"].text+ds["enum"].text, "<")
			rust = rust[strings.LastIndex(rust, ":")+1:]
			if s, ok := n.Underlying().(*types.Slice); ok && ds.has("bound") {
				return rust + "<" + p.spelling(s.Elem()) + ", S>"
			}
			return rust
		}
		return name
	}
	switch u := t.(type) {
	case *types.Basic:
		if u.Kind() == types.String {
			return "String"
		}
		if name := integers[u.Kind()]; name != "" {
			return strings.ToLower(name)
		}
		return u.Name()
	case *types.Slice:
		if isCall(u.Elem()) {
			return "Vec<<T as Config>::RuntimeCall>" // the vector is the box
		}
		return "Vec<" + p.spelling(u.Elem()) + ">"
	case *types.Array:
		return fmt.Sprintf("[%s; %d]", p.spelling(u.Elem()), u.Len())
	case *types.Pointer:
		return "Option<" + p.spelling(u.Elem()) + ">"
	}
	return "()"
}

var spellings = map[string]string{
	framePath + ".Call":         "Box<<T as Config>::RuntimeCall>",
	framePath + ".Outcome":      "DispatchResult",
	framePath + ".HoldReason":   "T::RuntimeHoldReason",
	framePath + ".OriginCaller": "T::PalletsOrigin",
	framePath + ".Class":        "DispatchClass",
	chainPath + ".AccountID":    "T::AccountId",
	chainPath + ".BlockNumber":  "BlockNumberFor<T>",
	chainPath + ".MultiAddress": "AccountIdLookupOf<T>",
	hashPath + ".H256":          "T::Hash",
	unitsPath + ".Rao":          "T::Balance",
	unitsPath + ".Alpha":        "AlphaBalance",
	chainPath + ".EngineID":     "ConsensusEngineId",
	chainPath + ".Header":       "HeaderFor<T>",
}
