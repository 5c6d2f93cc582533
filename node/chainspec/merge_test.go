package chainspec

import (
	"encoding/json"
	"testing"
)

// The cases of substrate/client/chain-spec/src/json_patch.rs (paritytech/polkadot-sdk), and numbers that no float holds.
func TestMergeJSON(t *testing.T) {
	for _, test := range []struct{ name, base, patch, want string }{
		{"members of both", `{"a":123}`, `{"b":256}`, `{"a":123,"b":256}`},
		{"nested", `{"a":{"name":"xxx","value":123},"b":{"c":{"inner_name":"yyy"}}}`, `{"a":{"keys":["a","b","c"]}}`,
			`{"a":{"keys":["a","b","c"],"name":"xxx","value":123},"b":{"c":{"inner_name":"yyy"}}}`},
		{"lists are replaced", `{"a":{"name":"xxx","keys":["d"]}}`, `{"a":{"keys":["a","b","c"]}}`, `{"a":{"keys":["a","b","c"],"name":"xxx"}}`},
		{"nested members", `{"a":{"value":123,"b":{"c":{"d":{"name":"yyy","value":256}}}}}`, `{"a":{"value":456,"b":{"c":{"d":{"name":"new"}}}}}`,
			`{"a":{"b":{"c":{"d":{"name":"new","value":256}}},"value":456}}`},
		{"null is kept", `{"a":{"name":"xxx","value":{"b":1}}}`, `{"a":{"value":null}}`, `{"a":{"name":"xxx","value":null}}`},
		{"object for another value", `{"a":1}`, `{"a":{"b":2}}`, `{"a":{"b":2}}`},
		{"whole value", `{"a":1}`, `7`, `7`},
		{"large numbers and letters", `{"a":1}`, `{"a":340282366920938463463374607431768211455,"b":"<é&>"}`, `{"a":340282366920938463463374607431768211455,"b":"<é&>"}`},
	} {
		got, err := mergeJSON(json.RawMessage(test.base), json.RawMessage(test.patch))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: got %s, %v, want %s", test.name, got, err, test.want)
		}
	}
}
