package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// pkg is a package in hand: its declarations, and what was read from them.
type pkg struct {
	*loader
	types    *types.Package
	info     *types.Info
	files    []*ast.File
	problems []types.Error
	errs     []problem
	read     map[token.Pos]bool    // directives that were understood
	within   map[*types.Named]bool // types that encodable is looking into

	pallet    *ast.TypeSpec // nil where the package is no pallet
	docs      []string
	constants []field
	items     []item
	calls     []call
	events    []event
	errors    []caseOf
	hasErrors bool // the package declares type Error
	decls     []decl
}

// problem is an error in a declaration.
type problem struct {
	pos  token.Position
	text string
}

// field is a field of a struct, or an argument of a call.
type field struct {
	goName   string
	argument string // of a call: the name of the parameter
	name     string // on the wire; empty where it has none
	t        types.Type
	compact  bool
	rust     string // how Rust spells the type
	docs     []string
	pos      token.Pos
}

// item is a storage item.
type item struct {
	field
	kind    string // Value, OptionMap, …
	hashers []string
	keys    []types.Type
	key     types.Type // of an NMap: the struct
	parts   []field    // of an NMap: its fields
	value   types.Type
	def     *expr // nil for the zero value
}

func (i item) optional() bool { return strings.HasPrefix(i.kind, "Option") || i.kind == "CountedMap" }

// call is a method with //frame:call.
type call struct {
	method, name, typeName string
	index                  uint8
	receiver               string
	args                   []field
	postInfo               bool  // the method returns a frame.PostInfo
	weight, class, pays    *expr // class and pays: nil for Normal, Yes
	info                   *expr // in place of these three
	docs                   []string
	pos                    token.Pos
}

// event is a struct with //frame:event.
type event struct {
	goName, name string
	index        uint8
	fields       []field
	docs         []string
}

// caseOf is a constant of an enum or of Error.
type caseOf struct {
	goName, name string
	value        uint8
	docs         []string
	pos          token.Pos
}

// decl is a type with a directive.
type decl struct {
	name    string
	t       *types.Named
	tuple   bool
	compact bool    // an integer in compact form
	path    string  // of the Rust type
	params  []param // its type parameters
	bound   *expr   // of a bounded vector
	enum    bool
	cases   []caseOf
	fields  []field // of a struct
	codec   bool    // the codec is to be generated
}

// param is a type parameter of a Rust type.
type param struct {
	name string
	t    *expr // nil where it is no part of the shape
}

// expr is a Go expression from a directive or tag.
type expr struct {
	text    string
	free    []string          // identifiers that the text uses and nobody qualifies
	imports map[string]string // names of packages that the text uses: import paths
}

func (p *pkg) errorf(pos token.Pos, format string, args ...any) {
	p.errs = append(p.errs, problem{p.fset.Position(pos), fmt.Sprintf(format, args...)})
}

// whyInvalid returns what the type checker has to say of the line at pos.
func (p *pkg) whyInvalid(pos token.Pos) string {
	line := p.fset.Position(pos)
	for _, problem := range p.problems {
		if at := p.fset.Position(problem.Pos); at.Filename == line.Filename && at.Line == line.Line {
			return "unknown type: " + problem.Msg
		}
	}
	return "unknown type"
}

// readPackage reads the declarations of the package at an import path. The error lists all that is wrong, a line each.
func readPackage(l *loader, path string) (*pkg, error) {
	entry := l.listed[path]
	files, err := l.parse(entry, func(name string) bool { return name != palletFile && name != describeFile })
	if err != nil {
		return nil, err
	}
	p := &pkg{loader: l, files: files, read: make(map[token.Pos]bool), within: make(map[*types.Named]bool)}
	p.types, p.info, p.problems = l.check(entry, files)
	p.readTypes()
	p.readCalls()
	p.readConstants()
	p.readUnread()
	if len(p.errs) == 0 {
		return p, nil
	}
	sort.SliceStable(p.errs, func(i, j int) bool {
		a, b := p.errs[i].pos, p.errs[j].pos
		return a.Filename < b.Filename || a.Filename == b.Filename && a.Line < b.Line
	})
	var lines []string
	for _, e := range p.errs {
		lines = append(lines, fmt.Sprintf("%s:%d: %s", relative(e.pos.Filename), e.pos.Line, e.text))
	}
	return nil, fmt.Errorf("%s", strings.Join(slices.Compact(lines), "\n"))
}

// take returns the directives of comments, marks them as read, and reports those that are not among allowed.
func (p *pkg) take(what string, allowed []string, groups ...*ast.CommentGroup) directives {
	ds := directivesOf(groups...)
	for _, group := range groups {
		if group == nil {
			continue
		}
		seen := make(map[string]bool)
		for _, c := range group.List {
			rest, ok := strings.CutPrefix(c.Text, directivePrefix)
			if !ok {
				continue
			}
			p.read[c.Pos()] = true
			name, _, _ := strings.Cut(rest, " ")
			if seen[name] {
				p.errorf(c.Pos(), "//frame:%s stands twice over %s", name, what)
			}
			seen[name] = true
			if !slices.Contains(allowed, name) {
				p.errorf(c.Pos(), "//frame:%s does not belong over %s; there may be //frame:%s", name, what, strings.Join(allowed, ", //frame:"))
			}
		}
	}
	return ds
}

// readUnread reports directives that stand where nobody reads them.
func (p *pkg) readUnread() {
	for _, f := range p.files {
		for _, group := range f.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, directivePrefix) && !p.read[c.Pos()] {
					text, _, _ := strings.Cut(c.Text, " ")
					p.errorf(c.Pos(), "%s stands over nothing that it belongs to: put it into the comment right above a method of *Pallet, a type, or a constant", text)
				}
			}
		}
	}
}

// index reads "N" or "N name=other" behind //frame:call and //frame:event, and enters the number into taken.
func (p *pkg) index(d directive, what, name string, taken map[uint8]string) (uint8, string) {
	number, rest, _ := strings.Cut(d.text, " ")
	n, err := strconv.ParseUint(number, 10, 8)
	if err != nil {
		p.errorf(d.pos, "index %q of %s is no number from 0 to 255", number, what)
	} else if other, ok := taken[uint8(n)]; ok {
		p.errorf(d.pos, "%s has index %d, and so has %s", what, n, other)
	} else {
		taken[uint8(n)] = name
	}
	if rest = strings.TrimSpace(rest); rest != "" {
		other, ok := strings.CutPrefix(rest, "name=")
		if !ok || other == "" {
			p.errorf(d.pos, "%q behind the index of %s is not understood: write name=other_name", rest, what)
		}
		name = other
	}
	return uint8(n), name
}

// expression parses a Go expression that stands in a file of the package.
func (p *pkg) expression(pos token.Pos, what, text string) *expr {
	parsed, err := parser.ParseExpr(text)
	if err != nil {
		p.errorf(pos, "%s %q is no Go expression: %v", what, text, err)
		return nil
	}
	e := &expr{text: text, imports: make(map[string]string)}
	file := p.fileAt(pos)
	var walk func(n ast.Node) bool
	walk = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			ast.Inspect(n.X, walk)
			return false
		case *ast.KeyValueExpr:
			if _, isName := n.Key.(*ast.Ident); !isName {
				ast.Inspect(n.Key, walk)
			}
			ast.Inspect(n.Value, walk)
			return false
		case *ast.Ident:
			e.free = append(e.free, n.Name)
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				if spec.Name != nil && spec.Name.Name == n.Name || spec.Name == nil && p.packages[path] != nil && p.packages[path].Name() == n.Name {
					e.imports[n.Name] = path
				}
			}
		}
		return true
	}
	ast.Inspect(parsed, walk)
	for _, name := range e.free {
		if name == "iota" || name == "_" {
			p.errorf(pos, "%s %q may not use %s", what, text, name)
		}
	}
	return e
}

func (p *pkg) fileAt(pos token.Pos) *ast.File {
	for _, f := range p.files {
		if f.FileStart <= pos && pos <= f.FileEnd {
			return f
		}
	}
	panic("BUG: a position outside of the package")
}

var unnamedField = regexp.MustCompile(`^F[0-9]+$`)

// fields reads the exported fields of a struct, whose names on the wire are wire(name). Tags: scale:"compact", name:"…", rust:"…".
func (p *pkg) fields(what string, st *ast.StructType, wire func(string) string) (fields []field) {
	for _, astField := range st.Fields.List {
		t := p.info.TypeOf(astField.Type)
		tag := p.tag(what, astField, []string{"scale", "name", "rust"})
		if len(astField.Names) == 0 {
			p.errorf(astField.Pos(), "%s embeds %s: give the field a name", what, types.ExprString(astField.Type))
		}
		for _, name := range astField.Names {
			if !name.IsExported() {
				continue
			}
			f := field{goName: name.Name, name: wire(name.Name), t: t, rust: tag.Get("rust"), docs: docs(astField.Doc), pos: name.Pos()}
			if unnamedField.MatchString(name.Name) {
				f.name = ""
			}
			if other := tag.Get("name"); other != "" {
				f.name = other
			}
			where := "field " + name.Name + " of " + what
			if p.encodable(f.pos, where, t) {
				if mode, ok := tag.Lookup("scale"); ok {
					f.compact = true
					if mode != "compact" {
						p.errorf(f.pos, "%s: tag scale:%q is not understood: there is scale:\"compact\"", where, mode)
					}
					p.mustCompact(f.pos, where, t)
				}
				if f.rust == "" {
					f.rust = p.spelling(t)
				}
			}
			fields = append(fields, f)
		}
	}
	return fields
}

func (p *pkg) mustCompact(pos token.Pos, where string, t types.Type) {
	if !compactable(t) {
		p.errorf(pos, "%s: %s has no compact form: unsigned integers and scale.U128 have one", where, p.say(t))
	}
}

// tag returns the tag of a field, and reports keys that mean nothing here.
func (p *pkg) tag(what string, f *ast.Field, allowed []string) reflect.StructTag {
	if f.Tag == nil {
		return ""
	}
	text, err := strconv.Unquote(f.Tag.Value)
	if err != nil {
		p.errorf(f.Tag.Pos(), "tag %s of %s: %v", f.Tag.Value, what, err)
		return ""
	}
	for _, m := range regexp.MustCompile(`([a-zA-Z_]+):"`).FindAllStringSubmatch(regexp.MustCompile(`:"(\\.|[^"\\])*"`).ReplaceAllString(text, `:"`), -1) {
		if !slices.Contains(allowed, m[1]) {
			p.errorf(f.Tag.Pos(), "tag %s means nothing in %s; there may be %s", m[1], what, strings.Join(allowed, ", "))
		}
	}
	return reflect.StructTag(text)
}

// readTypes reads Pallet, Storage, Constants, events, Error, and the types that declare their codec.
func (p *pkg) readTypes() {
	var storage, constants *ast.StructType
	taken := make(map[uint8]string)
	eachType(p.files, func(spec *ast.TypeSpec, doc *ast.CommentGroup) {
		obj, _ := p.info.Defs[spec.Name].(*types.TypeName)
		if obj == nil {
			return
		}
		name := spec.Name.Name
		st, isStruct := spec.Type.(*ast.StructType)
		switch {
		case name == "Pallet" && isStruct:
			p.pallet, p.docs = spec, docs(doc)
			p.take("Pallet", nil, doc)
		case name == "Storage" && isStruct:
			storage = st
			p.take("Storage", nil, doc)
		case name == "Constants" && isStruct:
			constants = st
			p.take("Constants", nil, doc)
		case directivesOf(doc).has("event"):
			ds := p.take("event "+name, []string{"event"}, doc)
			if !isStruct {
				p.errorf(spec.Pos(), "event %s is no struct", name)
				return
			}
			e := event{goName: name, name: name, docs: docsWithout(doc, name)}
			e.index, e.name = p.index(ds["event"], "event "+name, name, taken)
			e.fields = p.fields("event "+name, st, snake)
			p.events = append(p.events, e)
		case name == "Error" && !directivesOf(doc).declaresCodec():
			if b, ok := obj.Type().Underlying().(*types.Basic); !ok || b.Kind() != types.Uint8 {
				p.errorf(spec.Pos(), "Error must be a uint8: write type Error uint8")
			}
			p.hasErrors = true
			p.take("Error", nil, doc)
		case directivesOf(doc).declaresCodec():
			p.readDecl(spec, doc, obj)
		}
	})
	slices.SortStableFunc(p.events, func(a, b event) int { return int(a.index) - int(b.index) })
	if p.pallet == nil {
		if len(p.events) > 0 || storage != nil && p.isStorage(storage) {
			p.errorf(p.files[0].Package, "no type Pallet: events and storage belong to a pallet, write type Pallet struct { Constants; Storage }")
		}
		p.hasErrors = false
		return
	}
	if storage != nil && p.embeds("Storage") {
		p.readStorage(storage)
	}
	if constants != nil && p.embeds("Constants") {
		p.constants = p.fields("Constants", constants, func(name string) string { return name })
	}
}

// isStorage tells whether a struct has items in it.
func (p *pkg) isStorage(st *ast.StructType) bool {
	return slices.ContainsFunc(st.Fields.List, func(f *ast.Field) bool { return itemKind(p.info.TypeOf(f.Type)) != "" })
}

// embeds tells whether Pallet embeds the struct called name, and reports where it does not.
func (p *pkg) embeds(name string) bool {
	for _, f := range p.pallet.Type.(*ast.StructType).Fields.List {
		if id, ok := f.Type.(*ast.Ident); ok && len(f.Names) == 0 && id.Name == name {
			return true
		}
	}
	p.errorf(p.pallet.Pos(), "Pallet does not embed %s: write type Pallet struct { %s; … }", name, name)
	return false
}

// itemKind returns the name of the item type that t is, or nothing.
func itemKind(t types.Type) string {
	n, ok := t.(*types.Named)
	if !ok || n.Obj().Pkg() == nil || n.Obj().Pkg().Path() != framePath {
		return ""
	}
	switch name := n.Obj().Name(); name {
	case "Value", "OptionValue", "Map", "OptionMap", "DoubleMap", "OptionDoubleMap", "NMap", "OptionNMap", "CountedMap":
		return name
	}
	return ""
}

func (p *pkg) readStorage(st *ast.StructType) {
	names := make(map[string]bool)
	for _, f := range st.Fields.List {
		t := types.Unalias(p.info.TypeOf(f.Type))
		tag := p.tag("Storage", f, []string{"default", "name"})
		if len(f.Names) == 0 {
			p.errorf(f.Pos(), "Storage embeds %s: items are fields with names", types.ExprString(f.Type))
		}
		for _, name := range f.Names {
			if !name.IsExported() {
				continue
			}
			what := "item " + name.Name + " of Storage"
			i := item{field: field{goName: name.Name, name: name.Name, t: t, docs: docs(f.Doc), pos: name.Pos()}, kind: itemKind(t)}
			if i.kind == "" {
				if t == types.Typ[types.Invalid] {
					p.errorf(name.Pos(), "%s: %s", what, p.whyInvalid(name.Pos()))
				} else {
					p.errorf(name.Pos(), "field %s of Storage is no item: write frame.Value, frame.Map or another item type of package frame, or move the field to Pallet", name.Name)
				}
				continue
			}
			if other := tag.Get("name"); other != "" {
				i.name = other
			}
			if names[i.name] {
				p.errorf(name.Pos(), "%s: there is another item called %s", what, i.name)
			}
			names[i.name] = true
			if p.readItem(&i, what) {
				if text, ok := tag.Lookup("default"); ok {
					if i.optional() {
						p.errorf(name.Pos(), "%s has no default: absent reads as none in frame.%s", what, i.kind)
					}
					i.def = p.expression(f.Pos(), "default of "+what, text)
				}
				p.items = append(p.items, i)
			}
		}
	}
}

func (p *pkg) readItem(i *item, what string) bool {
	args := i.t.(*types.Named).TypeArgs()
	switch i.kind {
	case "Value", "OptionValue":
		i.value = args.At(0)
	case "Map", "OptionMap", "CountedMap":
		i.hashers, i.keys, i.value = hashers(args.At(0)), []types.Type{args.At(1)}, args.At(2)
	case "DoubleMap", "OptionDoubleMap":
		i.hashers, i.keys, i.value = hashers(args.At(0), args.At(2)), []types.Type{args.At(1), args.At(3)}, args.At(4)
	case "NMap", "OptionNMap":
		i.key, i.value = args.At(0), args.At(1)
		if !p.readParts(i, what) {
			return false
		}
	}
	for _, h := range i.hashers {
		if h == "" {
			p.errorf(i.pos, "%s: the hasher is none of package frame: write frame.Blake2_128Concat, frame.Twox64Concat, frame.Identity, …", what)
			return false
		}
	}
	good := p.encodable(i.pos, "value of "+what, i.value)
	for _, key := range i.keys {
		good = p.encodable(i.pos, "key of "+what, key) && good
	}
	if good && !i.optional() && isCall(i.value) {
		p.errorf(i.pos, "%s: a call has no zero value: write frame.Option%s", what, i.kind)
		return false
	}
	return good
}

// readParts reads the struct that is the key of an NMap.
func (p *pkg) readParts(i *item, what string) bool {
	named, _ := types.Unalias(i.key).(*types.Named)
	st, ok := i.key.Underlying().(*types.Struct)
	if !ok || named == nil || named.Obj().Pkg() != p.types {
		p.errorf(i.pos, "%s: the key of an %s must be a struct that this package declares, with a tag hasher:\"…\" on each field", what, i.kind)
		return false
	}
	for n := range st.NumFields() {
		f := st.Field(n)
		hasher := reflect.StructTag(st.Tag(n)).Get("hasher")
		if !slices.Contains(hasherNames, hasher) {
			p.errorf(f.Pos(), "part %s of %s: tag hasher:%q names no hasher: write one of %s", f.Name(), named.Obj().Name(), hasher, strings.Join(hasherNames, ", "))
			return false
		}
		i.hashers = append(i.hashers, hasher)
		i.keys = append(i.keys, f.Type())
		i.parts = append(i.parts, field{goName: f.Name(), t: f.Type(), pos: f.Pos()})
	}
	if len(i.parts) < 2 {
		p.errorf(i.pos, "%s: a key of %d parts: write a frame.Map", what, len(i.parts))
		return false
	}
	return true
}

// hasherNames are the hashers of package frame, which package metadata calls the same.
var hasherNames = []string{"Blake2_128Concat", "Twox64Concat", "Identity", "Blake2_128", "Blake2_256", "Twox128", "Twox256"}

// hashers returns the names of hashers; empty for what is none.
func hashers(ts ...types.Type) (names []string) {
	for _, t := range ts {
		i := slices.IndexFunc(hasherNames, func(name string) bool { return isNamed(t, framePath, name) })
		if i < 0 {
			names = append(names, "")
			continue
		}
		names = append(names, hasherNames[i])
	}
	return names
}

// readDecl reads a type with //frame:type, //frame:tuple, //frame:enum or //frame:bound.
func (p *pkg) readDecl(spec *ast.TypeSpec, doc *ast.CommentGroup, obj *types.TypeName) {
	name := spec.Name.Name
	ds := p.take("type "+name, []string{"type", "tuple", "enum", "compact", "bound"}, doc)
	t, ok := obj.Type().(*types.Named)
	if !ok || spec.TypeParams != nil {
		p.errorf(spec.Pos(), "type %s: a directive belongs over a type of its own, without type parameters", name)
		return
	}
	d := decl{name: name, t: t, tuple: ds.has("tuple"), enum: ds.has("enum"), compact: ds.has("compact")}
	kinds := 0
	for _, kind := range []string{"type", "tuple", "enum", "compact"} {
		if ds.has(kind) {
			kinds++
		}
	}
	if kinds > 1 {
		p.errorf(spec.Pos(), "type %s: //frame:type, //frame:tuple, //frame:enum and //frame:compact exclude each other", name)
		return
	}
	for _, n := range []string{"AppendScale", "DecodeScale"} {
		if !p.writtenMethod(t, n) {
			d.codec = true
		}
	}
	if d.codec && (p.writtenMethod(t, "AppendScale") || p.writtenMethod(t, "DecodeScale")) {
		p.errorf(spec.Pos(), "type %s has one of AppendScale and DecodeScale: write both or none", name)
		return
	}
	if d.enum || ds.has("type") {
		p.readPath(&d, ds)
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		if d.enum || d.compact || ds.has("bound") {
			p.errorf(spec.Pos(), "struct %s can be no enum, no compact integer and no bounded vector: write //frame:type or //frame:tuple", name)
			return
		}
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			p.errorf(spec.Pos(), "type %s: write the struct out, as directives of its fields belong to the declaration", name)
			return
		}
		d.fields = p.fields("type "+name, st, snake)
	default:
		if d.tuple {
			p.errorf(spec.Pos(), "type %s: only a struct can be a tuple", name)
			return
		}
		if d.enum {
			if b, ok := u.(*types.Basic); !ok || b.Kind() != types.Uint8 {
				p.errorf(spec.Pos(), "enum %s must be a uint8", name)
				return
			}
			break
		}
		if d.compact && !compactable(u) {
			p.errorf(spec.Pos(), "type %s: only an unsigned integer has a compact form", name)
			return
		}
		_, isSlice := u.(*types.Slice)
		if bound, ok := ds["bound"]; ok {
			if !isSlice || !ds.has("type") {
				p.errorf(bound.pos, "type %s: //frame:bound belongs over a slice with //frame:type bounded_collections::bounded_vec::BoundedVec", name)
				return
			}
			d.bound = p.expression(bound.pos, "bound of "+name, bound.text)
		}
		if !p.encodable(spec.Pos(), "type "+name, u) {
			return
		}
		d.fields = []field{{t: u, compact: d.compact, rust: p.spelling(u)}}
		if !strings.Contains(d.path, "::") {
			d.fields[0].rust = "" // BTreeMap, BTreeSet: types of the prelude describe themselves without
		}
		if isSlice && strings.HasSuffix(d.path, "BoundedVec") {
			d.fields[0].rust = "Vec<T>"
			if len(d.params) == 0 {
				elem := u.(*types.Slice).Elem()
				d.params = []param{{"T", p.typeExpr(elem)}, {"S", nil}}
			}
		}
	}
	p.decls = append(p.decls, d)
}

// typeExpr returns a type as an expression.
func (p *pkg) typeExpr(t types.Type) *expr {
	e := &expr{imports: make(map[string]string)}
	e.text = types.TypeString(t, func(other *types.Package) string {
		if other == p.types {
			return ""
		}
		e.imports[other.Name()] = other.Path()
		return other.Name()
	})
	return e
}

// readPath reads "some::Path" or "some::Path<Name=GoType, Other>".
func (p *pkg) readPath(d *decl, ds directives) {
	from := ds["type"]
	if d.enum {
		from = ds["enum"]
	}
	path, rest, generic := strings.Cut(from.text, "<")
	d.path = strings.TrimSpace(path)
	if !regexp.MustCompile(`^\w+(::\w+)*$`).MatchString(d.path) {
		p.errorf(from.pos, "type %s: %q is no path: write some_crate::module::Name", d.name, d.path)
	}
	if !generic {
		return
	}
	if !strings.HasSuffix(rest, ">") {
		p.errorf(from.pos, "type %s: the parameters of %s do not end with >", d.name, d.path)
		return
	}
	for _, part := range topLevel(strings.TrimSuffix(rest, ">")) {
		name, goType, ok := strings.Cut(part, "=")
		arg := param{name: strings.TrimSpace(name)}
		if ok {
			arg.t = p.expression(from.pos, "parameter "+arg.name+" of "+d.name, strings.TrimSpace(goType))
		}
		d.params = append(d.params, arg)
	}
}

// readConstants reads the constants of Error and of enums.
func (p *pkg) readConstants() {
	byName := make(map[string]*decl)
	for i := range p.decls {
		if p.decls[i].enum {
			byName[p.decls[i].name] = &p.decls[i]
		}
	}
	var errors []caseOf
	for _, file := range p.files {
		for _, d := range file.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok || gen.Tok != token.CONST {
				continue
			}
			for _, spec := range gen.Specs {
				spec := spec.(*ast.ValueSpec)
				doc := spec.Doc
				if doc == nil && !gen.Lparen.IsValid() {
					doc = gen.Doc
				}
				for i, name := range spec.Names {
					c := p.constant(spec, i, doc)
					if c == nil {
						continue
					}
					typeName := p.constType(spec, name)
					switch enum := byName[typeName]; {
					case p.hasErrors && typeName == "Error":
						c.docs = docsWithout(doc, name.Name)
						errors = append(errors, *c)
					case enum != nil && name.IsExported():
						if rest := strings.TrimPrefix(name.Name, typeName); c.name == name.Name && rest != name.Name && rest != "" && ast.IsExported(rest) {
							c.name = rest
						}
						enum.cases = append(enum.cases, *c)
					}
				}
			}
		}
	}
	p.checkErrors(errors)
	for i := range p.decls {
		d := &p.decls[i]
		if !d.enum {
			continue
		}
		if len(d.cases) == 0 {
			p.errorf(d.t.Obj().Pos(), "enum %s has no constants", d.name)
		}
		seen := make(map[uint8]string)
		for _, c := range d.cases {
			if other, ok := seen[c.value]; ok {
				p.errorf(c.pos, "%s is %d in enum %s, and so is %s", c.goName, c.value, d.name, other)
			}
			seen[c.value] = c.goName
		}
	}
}

// constType returns the name of the package's type that a constant has.
func (p *pkg) constType(spec *ast.ValueSpec, name *ast.Ident) string {
	if id, ok := spec.Type.(*ast.Ident); ok {
		return id.Name
	}
	if c, ok := p.info.Defs[name].(*types.Const); ok {
		if n, ok := c.Type().(*types.Named); ok && n.Obj().Pkg() == p.types {
			return n.Obj().Name()
		}
	}
	return ""
}

// constant reads one constant of Error or of an enum; nil for others.
func (p *pkg) constant(spec *ast.ValueSpec, i int, doc *ast.CommentGroup) *caseOf {
	name := spec.Names[i]
	typeName := p.constType(spec, name)
	isError := p.hasErrors && typeName == "Error"
	if !isError && !slices.ContainsFunc(p.decls, func(d decl) bool { return d.enum && d.name == typeName }) {
		return nil
	}
	ds := p.take("constant "+name.Name, []string{"name"}, doc)
	c := &caseOf{goName: name.Name, name: name.Name, pos: name.Pos()}
	if d, ok := ds["name"]; ok {
		c.name = d.text
	}
	if i >= len(spec.Values) {
		p.errorf(name.Pos(), "%s has no number of its own: write %s %s = 7, as numbers are the wire format", name.Name, name.Name, typeName)
		return nil
	}
	lit, ok := ast.Unparen(spec.Values[i]).(*ast.BasicLit)
	if !ok || lit.Kind != token.INT {
		p.errorf(name.Pos(), "%s = %s: write the number itself, as numbers are the wire format", name.Name, types.ExprString(spec.Values[i]))
		return nil
	}
	n, ok := constant.Uint64Val(constant.MakeFromLiteral(lit.Value, lit.Kind, 0))
	if !ok || n > 255 {
		p.errorf(name.Pos(), "%s = %s does not fit a uint8", name.Name, lit.Value)
		return nil
	}
	c.value = uint8(n)
	return c
}

// checkErrors puts the errors in order and reports gaps. A number that is no longer used is kept by the name _.
func (p *pkg) checkErrors(errors []caseOf) {
	slices.SortStableFunc(errors, func(a, b caseOf) int { return int(a.value) - int(b.value) })
	for i, c := range errors {
		switch {
		case i > 0 && errors[i-1].value == c.value:
			p.errorf(c.pos, "error %s has number %d, and so has %s", c.goName, c.value, errors[i-1].goName)
		case i == 0 && c.value != 0:
			p.errorf(c.pos, "errors begin with number %d: write them from 0 without gaps", c.value)
		case i > 0 && errors[i-1].value+1 < c.value:
			p.errorf(c.pos, "error %s has number %d and the one before it, %s, %d: write errors without gaps; a number that is retired stays as _ Error = %d",
				c.goName, c.value, errors[i-1].goName, errors[i-1].value, errors[i-1].value+1)
		}
		if c.goName != "_" && !ast.IsExported(c.goName) {
			p.errorf(c.pos, "error %s is not exported", c.goName)
		}
	}
	p.errors = errors
}

// exported returns the name of the field for an argument.
func exported(argument string) string {
	switch argument {
	case "id", "ip", "uid":
		return strings.ToUpper(argument)
	}
	return upperFirst(argument)
}

// reserved are the methods of a call type, which no field can be called.
var reserved = []string{"AppendScale", "DecodeScale", "CallIndex", "Info", "Run"}

// readCalls reads the methods with //frame:call.
func (p *pkg) readCalls() {
	taken := make(map[uint8]string)
	allowed := []string{"call", "weight", "class", "pays", "info", "compact", "rust"}
	for _, file := range p.files {
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !directivesOf(fn.Doc).has("call") {
				continue
			}
			name := fn.Name.Name
			ds := p.take("call "+name, allowed, fn.Doc)
			obj, _ := p.info.Defs[fn.Name].(*types.Func)
			if p.pallet == nil || fn.Recv == nil || obj == nil || p.say(obj.Signature().Recv().Type()) != "*Pallet" {
				p.errorf(fn.Pos(), "call %s is no method of *Pallet", name)
				continue
			}
			c := call{method: name, typeName: name + "Call", docs: docs(fn.Doc), pos: fn.Name.Pos(), receiver: "_"}
			c.index, c.name = p.index(ds["call"], "call "+name, snake(name), taken)
			if p.types.Scope().Lookup(c.typeName) != nil {
				p.errorf(fn.Pos(), "call %s needs the name %s, which the package declares already", name, c.typeName)
			}
			if len(fn.Recv.List[0].Names) == 1 {
				c.receiver = fn.Recv.List[0].Names[0].Name
			}
			p.readSignature(&c, fn, obj.Signature(), ds)
			p.readInfo(&c, ds, fn.Pos())
			p.calls = append(p.calls, c)
		}
	}
	slices.SortStableFunc(p.calls, func(a, b call) int { return int(a.index) - int(b.index) })
}

func (p *pkg) readSignature(c *call, fn *ast.FuncDecl, sig *types.Signature, ds directives) {
	if !ast.IsExported(c.method) {
		p.errorf(fn.Pos(), "call %s is not exported", c.method)
	}
	results := sig.Results()
	isError := func(i int) bool { return types.Identical(results.At(i).Type(), types.Universe.Lookup("error").Type()) }
	switch {
	case results.Len() == 1 && isError(0):
	case results.Len() == 2 && isNamed(results.At(0).Type(), framePath, "PostInfo") && isError(1):
		c.postInfo = true
	default:
		p.errorf(fn.Pos(), "call %s must return error or (frame.PostInfo, error)", c.method)
	}
	params := sig.Params()
	if params.Len() == 0 || !isNamed(params.At(0).Type(), framePath, "Origin") {
		p.errorf(fn.Pos(), "the first parameter of call %s must be a frame.Origin", c.method)
		return
	}
	if sig.Variadic() {
		p.errorf(fn.Pos(), "call %s takes a variable number of arguments: write a slice", c.method)
		return
	}
	rust := make(map[string]string)
	if d, ok := ds["rust"]; ok {
		names, texts, ok := pairs(d.text)
		if !ok {
			p.errorf(d.pos, "//frame:rust %s is not understood: write argument=RustType, argument=RustType", d.text)
		}
		for i, name := range names {
			rust[name] = texts[i]
		}
	}
	compact := make(map[string]bool)
	if d, ok := ds["compact"]; ok {
		for _, name := range strings.Split(d.text, ",") {
			compact[strings.TrimSpace(name)] = true
		}
	}
	for i := 1; i < params.Len(); i++ {
		v := params.At(i)
		if v.Name() == "" || v.Name() == "_" {
			p.errorf(v.Pos(), "argument %d of call %s has no name: the name is what metadata shows", i, c.method)
			continue
		}
		a := field{goName: exported(v.Name()), argument: v.Name(), name: snake(v.Name()), t: v.Type(), pos: v.Pos()}
		if slices.Contains(reserved, a.goName) {
			a.goName += "Arg"
		}
		where := "argument " + v.Name() + " of call " + c.method
		if p.encodable(v.Pos(), where, v.Type()) {
			a.rust = p.spelling(v.Type())
			if a.compact = compact[v.Name()] || compact[a.name]; a.compact {
				p.mustCompact(v.Pos(), where, v.Type())
			}
		}
		for _, name := range []string{v.Name(), a.name} { // directives may use either
			if text, ok := rust[name]; ok {
				a.rust = text
			}
			delete(rust, name)
			delete(compact, name)
		}
		c.args = append(c.args, a)
	}
	for _, name := range slices.Sorted(maps.Keys(rust)) {
		p.errorf(ds["rust"].pos, "//frame:rust names %s, which is no argument of call %s", name, c.method)
	}
	for _, name := range slices.Sorted(maps.Keys(compact)) {
		p.errorf(ds["compact"].pos, "//frame:compact names %s, which is no argument of call %s", name, c.method)
	}
}

// readInfo reads weight, class and pays, or all three in one.
func (p *pkg) readInfo(c *call, ds directives, pos token.Pos) {
	if info, ok := ds["info"]; ok {
		if ds.has("weight") || ds.has("class") || ds.has("pays") {
			p.errorf(info.pos, "call %s has //frame:info, which says weight, class and pays in one: leave out the others", c.method)
		}
		c.info = p.expression(info.pos, "info of call "+c.method, info.text)
		return
	}
	weight, ok := ds["weight"]
	if !ok || weight.text == "" {
		p.errorf(pos, "call %s has no weight: write //frame:weight frame.RefTime(10_000_000).Reads(1).Writes(1) over it", c.method)
	} else {
		c.weight = p.expression(weight.pos, "weight of call "+c.method, weight.text)
	}
	constantOf := func(name string, known ...string) *expr {
		d, ok := ds[name]
		if !ok {
			return nil
		}
		if slices.Contains(known, d.text) {
			return &expr{text: "frame." + d.text, imports: map[string]string{"frame": framePath}}
		}
		return p.expression(d.pos, name+" of call "+c.method, d.text)
	}
	c.class = constantOf("class", "Normal", "Operational", "Mandatory")
	c.pays = constantOf("pays", "Yes", "No")
}
