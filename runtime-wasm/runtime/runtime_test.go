package runtime_test

import (
	"testing"

	"github.com/gotensor/gotensor/runtime-wasm/runtime"
)

func TestEmbed(t *testing.T) {
	e, err := runtime.Embed(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range e {
		t.Log(name, len(b))
	}
}
