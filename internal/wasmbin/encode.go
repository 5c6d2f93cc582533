package wasmbin

// Encode returns the module in binary form: sections in the order of the specification, custom sections last.
func (m *Module) Encode() []byte {
	size := 1 << 10
	for i := range m.Code {
		size += len(m.Code[i].Body) + 8
	}
	for i := range m.Data {
		size += len(m.Data[i].Bytes) + 16
	}
	for i := range m.Customs {
		size += len(m.Customs[i].Data) + 64
	}
	e := encoder{out: append(make([]byte, 0, size), header...)}

	e.vector(sectionType, len(m.Types), func(b []byte, i int) []byte {
		b = appendBytes(append(b, 0x60), asBytes(m.Types[i].Params))
		return appendBytes(b, asBytes(m.Types[i].Results))
	})
	e.vector(sectionImport, len(m.Imports), func(b []byte, i int) []byte {
		im := &m.Imports[i]
		b = appendBytes(b, []byte(im.Module))
		b = append(appendBytes(b, []byte(im.Name)), byte(im.Kind))
		switch im.Kind {
		case KindFunction:
			return AppendU32(b, im.Function)
		case KindTable:
			return appendLimits(append(b, byte(im.Table.Type)), im.Table.Limits)
		case KindMemory:
			return appendLimits(b, im.Memory)
		default:
			return appendGlobalType(b, im.Global)
		}
	})
	e.vector(sectionFunction, len(m.Functions), func(b []byte, i int) []byte { return AppendU32(b, m.Functions[i]) })
	e.vector(sectionTable, len(m.Tables), func(b []byte, i int) []byte {
		return appendLimits(append(b, byte(m.Tables[i].Type)), m.Tables[i].Limits)
	})
	e.vector(sectionMemory, len(m.Memories), func(b []byte, i int) []byte { return appendLimits(b, m.Memories[i]) })
	e.vector(sectionGlobal, len(m.Globals), func(b []byte, i int) []byte {
		return append(appendGlobalType(b, m.Globals[i].Type), m.Globals[i].Init...)
	})
	e.vector(sectionExport, len(m.Exports), func(b []byte, i int) []byte {
		b = append(appendBytes(b, []byte(m.Exports[i].Name)), byte(m.Exports[i].Kind))
		return AppendU32(b, m.Exports[i].Index)
	})
	if m.Start != nil {
		e.section(sectionStart, AppendU32(nil, *m.Start))
	}
	e.vector(sectionElement, len(m.Elements), func(b []byte, i int) []byte { return appendElement(b, &m.Elements[i]) })
	if m.DataCount != nil {
		e.section(sectionDataCount, AppendU32(nil, *m.DataCount))
	}
	e.vector(sectionCode, len(m.Code), func(b []byte, i int) []byte {
		c := &m.Code[i]
		e.body = AppendU32(e.body[:0], uint32(len(c.Locals)))
		for _, l := range c.Locals {
			e.body = append(AppendU32(e.body, l.Count), byte(l.Type))
		}
		b = AppendU32(b, uint32(len(e.body)+len(c.Body)))
		return append(append(b, e.body...), c.Body...)
	})
	e.vector(sectionData, len(m.Data), func(b []byte, i int) []byte {
		d := &m.Data[i]
		switch {
		case d.Mode == Passive:
			b = append(b, 1)
		case d.Memory != 0:
			b = append(AppendU32(append(b, 2), d.Memory), d.Offset...)
		default:
			b = append(append(b, 0), d.Offset...)
		}
		return appendBytes(b, d.Bytes)
	})
	for i := range m.Customs {
		e.section(sectionCustom, append(appendBytes(nil, []byte(m.Customs[i].Name)), m.Customs[i].Data...))
	}
	return e.out
}

type encoder struct {
	out, scratch, body []byte
}

// vector writes a section that is a vector of n items; none where n is 0.
func (e *encoder) vector(id byte, n int, item func(b []byte, i int) []byte) {
	if n == 0 {
		return
	}
	b := AppendU32(e.scratch[:0], uint32(n))
	for i := range n {
		b = item(b, i)
	}
	e.scratch = b
	e.section(id, b)
}

func (e *encoder) section(id byte, contents []byte) {
	e.out = appendBytes(append(e.out, id), contents)
}

func appendLimits(b []byte, l Limits) []byte {
	var flags byte
	if l.HasMax {
		flags |= 1
	}
	if l.Shared {
		flags |= 2
	}
	b = AppendU32(append(b, flags), l.Min)
	if l.HasMax {
		b = AppendU32(b, l.Max)
	}
	return b
}

func appendGlobalType(b []byte, t GlobalType) []byte {
	b = append(b, byte(t.Type))
	if t.Mutable {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendElement(b []byte, e *Element) []byte {
	var flags uint32
	if e.Exprs != nil {
		flags |= 4
	}
	explicit := e.Table != 0 || e.Type != FuncRef // an active segment of table 0 and funcref has a form without either
	switch e.Mode {
	case Passive:
		flags |= 1
	case Declarative:
		flags |= 3
	default:
		if explicit {
			flags |= 2
		}
	}
	b = AppendU32(b, flags)
	if e.Mode == Active {
		if explicit {
			b = AppendU32(b, e.Table)
		}
		b = append(b, e.Offset...)
	}
	if flags&3 != 0 {
		if e.Exprs != nil {
			b = append(b, byte(e.Type))
		} else {
			b = append(b, 0)
		}
	}
	if e.Exprs != nil {
		b = AppendU32(b, uint32(len(e.Exprs)))
		for _, x := range e.Exprs {
			b = append(b, x...)
		}
		return b
	}
	b = AppendU32(b, uint32(len(e.Functions)))
	for _, f := range e.Functions {
		b = AppendU32(b, f)
	}
	return b
}
