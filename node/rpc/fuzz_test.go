package rpc

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Whatever JSON a client sends, a parameter is read or refused as an invalid one, in few words. Bytes that are read are those that were written.
func FuzzParams(f *testing.F) {
	for _, seed := range []string{`null`, `true`, `-1`, `5`, `1.5e3`, `"0x"`, `"0x123"`, `"0\u0078ff"`, `"zz"`, `["0x00","11"]`, `[ "a\u0030" , "" ]`, `["00", 5]`, `["\\"]`, `[[]]`, `[1,"0x2"]`, `{"hash":"0x00"}`, `{"extrinsic":"0x04"}`,
		`"PERSISTENT"`, `"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"`, `"` + strings.Repeat("0a", 32) + `"`, `"é"`, `"\ud800"`, `"` + strings.Repeat("f", 65) + `"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			t.Skip()
		}
		data = bytes.TrimSpace(data)
		for _, into := range []any{new(text), new(boolean), new(u32), new(octets), new(h256), new(address), new(numberOrHex), &numbers{most: 1 << 20}, new(extrinsicOrHash), new(storageKind),
			&keyList{each: 1, left: 1 << 30}, new(list[extrinsicOrHash])} {
			err := json.Unmarshal(data, into)
			if err == nil {
				continue
			}
			var e *jsonrpc.Error
			if !errors.As(err, &e) || e.Code != jsonrpc.CodeInvalidParams {
				t.Fatalf("%T: %v", into, err)
			}
			if said := fmt.Sprint(e.Data); len(said) > 1000 {
				t.Fatalf("%T: an error of %d bytes", into, len(said))
			}
		}
		quick := keyList{each: 1, left: 1 << 30}
		var slow list[octets]
		if errQuick, errSlow := json.Unmarshal(data, &quick), json.Unmarshal(data, &slow); (errQuick == nil) != (errSlow == nil) || !slices.EqualFunc(quick.keys, slow, func(a []byte, b octets) bool { return bytes.Equal(a, b) }) && errSlow == nil {
			t.Fatalf("%x, %v and %x, %v", quick.keys, errQuick, slow, errSlow)
		}
		many := numbers{most: 1 << 20}
		var one list[numberOrHex]
		if errMany, errOne := json.Unmarshal(data, &many), json.Unmarshal(data, &one); data[0] == '[' && ((errMany == nil) != (errOne == nil) || errOne == nil && !slices.Equal(many.list, one)) {
			t.Fatalf("%v, %v and %v, %v", many, errMany, one, errOne)
		}
		var o octets
		var s string
		if json.Unmarshal(data, &o) == nil {
			if err := json.Unmarshal(data, &s); err != nil {
				t.Fatal(err)
			}
			digits := strings.ToLower(strings.TrimPrefix(s, "0x"))
			if len(digits)%2 == 1 {
				digits = "0" + digits
			}
			if hex.EncodeToString(o) != digits {
				t.Fatalf("%s was read as %x", data, []byte(o))
			}
		}
	})
}

// Whatever a runtime answers, and whatever a client sends as an extrinsic, is read or refused.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte{4, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(append([]byte{1}, make([]byte, 64)...))
	f.Add([]byte{8, 1, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		if info, err := decodeDispatchInfo(data); err == nil && !json.Valid(info.AppendJSON(nil)) {
			t.Fatalf("%x: %s", data, info.AppendJSON(nil))
		}
		if details, err := decodeFeeDetails(data); err == nil && !json.Valid(details.AppendJSON(nil)) {
			t.Fatalf("%x: %s", data, details.AppendJSON(nil))
		}
		if _, _, err := decodeNonce(data); err == nil && len(data) != 4 && len(data) != 8 {
			t.Fatalf("a nonce of %d bytes", len(data))
		}
		if x, err := extrinsic(data); err == nil && !bytes.HasPrefix(data, scale.Marshal(x)) {
			t.Fatalf("%x was read as %x", data, []byte(x))
		}
		block := chain.SignedBlock{Block: chain.Block{Extrinsics: []chain.OpaqueExtrinsic{data}}, Justifications: &chain.Justifications{{Data: data}}}
		if !json.Valid(signedBlock{&block}.AppendJSON(nil)) {
			t.Fatalf("block with %x", data)
		}
		if version := (runtimeVersion{chain.RuntimeVersion{SpecName: string(data)}}).AppendJSON(nil); !json.Valid(version) {
			t.Fatalf("%s", version)
		}
	})
}
