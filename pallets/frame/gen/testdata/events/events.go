// Package events has events and errors that the generator refuses.
package events

type Pallet struct{}

//frame:event 0
type Added struct{ A uint32 }

//frame:event 0
type Removed struct{ A uint32 }

//frame:event
type NoIndex struct{ A uint32 }

//frame:event 2
type NoStruct uint32

//frame:event 3
type Fields struct {
	A int
	B string `scale:"compact"`
	C uint32 `scale:"fixed" json:"c"`
	uint32
}

type Error uint8

const (
	First  Error = 1
	Second Error = 3
	Third  Error = 3
	fourth Error = 4
	Fifth  Error = iota
	Sixth
	Seventh Error = 256
)
