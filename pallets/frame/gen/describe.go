package main

import (
	"fmt"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// describePackage returns the file with the description of a package, beside the file with its code; nil where there is nothing to describe.
func describePackage(p *pkg, code *file) ([]byte, error) {
	f := newFile(p)
	f.helperOf = maps.Clone(code.helperOf)
	f.codecs = slices.Clip(code.codecs)
	shared := len(f.codecs)
	f.describeTypes()
	if p.pallet != nil {
		f.describePallet()
	}
	f.writeHelpers(shared)
	if f.body.Len() == 0 {
		return nil, nil
	}
	return f.source("!wasm")
}

func (f *file) d(name string) string { return f.ref(describePath, name) }

// describeTypes registers the types that have a directive, and those that a function describeT describes.
func (f *file) describeTypes() {
	written := f.p.describers()
	if len(f.p.decls)+len(written) == 0 {
		return
	}
	f.printf("func init() {\n")
	for _, d := range f.p.decls {
		f.printf("%s[%s](func(r *%s) %s {\n", f.d("Type"), d.name, f.d("Registry"), f.ref(metadataPath, "Type"))
		f.describeDecl(d)
		f.printf("})\n")
	}
	for _, name := range written {
		f.printf("%s[%s](describe%s)\n", f.d("Type"), name, upperFirst(name))
	}
	f.printf("}\n\n")
}

// describers returns the types that have a function describeT(r *describe.Registry) metadata.Type and no directive.
func (p *pkg) describers() (names []string) {
	scope := p.types.Scope()
	for _, name := range scope.Names() {
		t, isType := scope.Lookup(name).(*types.TypeName)
		if !isType || p.declared[p.types.Path()][name].declaresCodec() {
			continue
		}
		fn, ok := scope.Lookup("describe" + upperFirst(name)).(*types.Func)
		if !ok {
			continue
		}
		sig := fn.Signature()
		if sig.Params().Len() == 1 && sig.Results().Len() == 1 && isNamed(sig.Results().At(0).Type(), metadataPath, "Type") {
			names = append(names, t.Name())
		}
	}
	return names
}

func (f *file) describeDecl(d decl) {
	if d.compact {
		f.printf("return %s{Def: %s{Kind: %s, Elem: %s[%s](r)}}\n", f.ref(metadataPath, "Type"), f.ref(metadataPath, "Def"), f.ref(metadataPath, "Compact"), f.d("Of"), f.typ(d.fields[0].t))
		return
	}
	if d.tuple {
		elems := make([]string, len(d.fields))
		for i, a := range d.fields {
			elems[i] = f.id(a)
		}
		m := f.ref(metadataPath, "TypeID")
		f.printf("return %s{Def: %s{Kind: %s, Elems: []%s{%s}}}\n", f.ref(metadataPath, "Type"), f.ref(metadataPath, "Def"), f.ref(metadataPath, "Tuple"), m, strings.Join(elems, ", "))
		return
	}
	params := "nil"
	if len(d.params) > 0 {
		var args []string
		for _, param := range d.params {
			id := "nil"
			if param.t != nil {
				id = fmt.Sprintf("%s[%s](r)", f.d("Of"), f.expr(param.t))
			}
			args = append(args, fmt.Sprintf("%q, %s", param.name, id))
		}
		params = fmt.Sprintf("%s(%s)", f.d("Params"), strings.Join(args, ", "))
	}
	if d.enum {
		f.printf("return %s(%q, %s,\n", f.d("Enum"), d.path, params)
		for _, c := range d.cases {
			f.printf("%s(%q, %d, nil),\n", f.d("Variant"), c.name, c.value)
		}
		f.printf(")\n")
		return
	}
	f.printf("return %s(%q, %s,\n", f.d("Composite"), d.path, params)
	for _, a := range d.fields {
		f.printf("%s,\n", f.field(a, false))
	}
	f.printf(")\n")
}

// id returns an expression for the number of a field's type.
func (f *file) id(a field) string {
	id := fmt.Sprintf("%s[%s](r)", f.d("Of"), f.typ(a.t))
	if a.compact {
		return fmt.Sprintf("%s(r, %s)", f.d("Compact"), id)
	}
	return id
}

func (f *file) field(a field, withDocs bool) string {
	var docs strings.Builder
	if withDocs {
		for _, line := range a.docs {
			fmt.Fprintf(&docs, ", %q", line)
		}
	}
	return fmt.Sprintf("%s(%q, %s, %q%s)", f.d("Field"), a.name, f.id(a), a.rust, docs.String())
}

func docsLiteral(lines []string) string {
	if len(lines) == 0 {
		return "nil"
	}
	quoted := make([]string, len(lines))
	for i, line := range lines {
		quoted[i] = fmt.Sprintf("%q", line)
	}
	if len(lines) == 1 {
		return "[]string{" + quoted[0] + "}"
	}
	return "[]string{\n" + strings.Join(quoted, ",\n") + ",\n}"
}

func (f *file) describePallet() {
	p := f.p
	f.printf("// Describe implements describe.Describer.\nfunc (p *Pallet) Describe(r *%s) %s {\nreturn %s{\n", f.d("Registry"), f.d("Pallet"), f.d("Pallet"))
	if len(p.docs) > 0 {
		f.printf("Docs: %s,\n", docsLiteral(p.docs))
	}
	if len(p.items) > 0 {
		f.printf("Storage: []%s{\n", f.d("Item"))
		for _, i := range p.items {
			f.describeItem(i)
		}
		f.printf("},\n")
	}
	variant := func(name string, index uint8, docs []string, fields []field, withDocs bool) {
		f.printf("%s(%q, %d, %s", f.d("Variant"), name, index, docsLiteral(docs))
		for _, a := range fields {
			f.printf(",\n%s", f.field(a, withDocs))
		}
		f.printf("),\n")
	}
	list := func(name string, n int) bool {
		if n > 0 {
			f.printf("%s: []%s{\n", name, f.ref(metadataPath, "Variant"))
		}
		return n > 0
	}
	if list("Calls", len(p.calls)) {
		for _, c := range p.calls {
			variant(c.name, c.index, c.docs, c.args, false)
		}
		f.printf("},\n")
	}
	if list("Events", len(p.events)) {
		for _, e := range p.events {
			variant(e.name, e.index, e.docs, e.fields, true)
		}
		f.printf("},\n")
	}
	if list("Errors", len(p.errors)) {
		for _, c := range p.errors {
			if c.name != "_" {
				variant(c.name, c.value, c.docs, nil, false)
			}
		}
		f.printf("},\n")
	}
	if len(p.constants) > 0 {
		f.printf("Constants: []%s{\n", f.ref(metadataPath, "Constant"))
		for _, c := range p.constants {
			value := f.constantValue(c)
			f.printf("{Name: %q, Type: %s, Value: %s, Docs: %s},\n", c.name, f.id(c), value, docsLiteral(c.docs))
		}
		f.printf("},\n")
	}
	f.printf("}\n}\n\n")
}

var dst = regexp.MustCompile(`\bdst\b`)

// constantValue returns an expression for the encoding of a constant.
func (f *file) constantValue(c field) string {
	x := "p.Constants." + c.goName
	e := f.appendExpr(x, c.t)
	if c.compact {
		e = f.appendCompact(x, c.t)
	}
	empty := "nil"
	if strings.HasPrefix(e, "append(dst") {
		empty = "[]byte(nil)"
	}
	return dst.ReplaceAllString(e, empty)
}

func (f *file) describeItem(i item) {
	f.printf("{\nName: %q,\n", i.name)
	if len(i.docs) > 0 {
		f.printf("Docs: %s,\n", docsLiteral(i.docs))
	}
	if i.optional() {
		f.printf("Optional: true,\n")
	}
	if len(i.keys) > 0 {
		var hashers, keys []string
		for n, key := range i.keys {
			hashers = append(hashers, f.ref(metadataPath, i.hashers[n]))
			keys = append(keys, fmt.Sprintf("%s[%s](r)", f.d("Of"), f.typ(key)))
		}
		f.printf("Hashers: []%s{%s},\n", f.ref(metadataPath, "Hasher"), strings.Join(hashers, ", "))
		f.printf("Keys: []%s{%s},\n", f.ref(metadataPath, "TypeID"), strings.Join(keys, ", "))
	}
	f.printf("Value: %s[%s](r),\n", f.d("Of"), f.typ(i.value))
	if !i.optional() {
		def := f.zero(i.value)
		if i.def != nil {
			def = "p." + i.defaultName() + "()"
		}
		f.printf("Default: %s.Append(nil, %s),\n", f.codec(i.value), def)
	}
	f.printf("},\n")
	if i.kind == "CountedMap" {
		u32 := types.Typ[types.Uint32]
		f.printf("{\nName: %q,\nDocs: []string{\"Counter for the related counted storage map\"},\nValue: %s[%s](r),\nDefault: %s(nil, 0),\n},\n",
			"CounterFor"+i.name, f.d("Of"), f.typ(u32), f.appendFunc(u32))
	}
}
