//go:build !wasm

package system

import (
	"bytes"
	"fmt"

	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// records are the events in the list of the state, taken apart: the list itself does not say where an event ends. Events that were taken back
// are cut off by the next one, as the count in the state knows how many there are.
var records []EventRecord

func record(index uint32, phase Phase, event []byte, topics []hash.H256) {
	records = append(records[:min(int(index), len(records))], EventRecord{phase, bytes.Clone(event), topics})
}

// EventRecords returns the events of the block, for tests. They must have been deposited by this process.
func EventRecords() []EventRecord {
	n := instance.EventCount.Get()
	events := append([]EventRecord(nil), records[:min(int(n), len(records))]...)
	stored, _ := host.Get(instance.Events.Key())
	if len(events) == 0 && stored == nil {
		return nil
	}
	if !bytes.Equal(stored, scale.AppendSlice(nil, events)) {
		panic(fmt.Sprintf("BUG: %d events in the state are not the %d that were deposited here", n, len(events)))
	}
	return events
}
