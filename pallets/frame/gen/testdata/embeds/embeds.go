// Package embeds has a pallet that forgets its storage and constants, and an Error of the wrong size.
package embeds

import "github.com/gotensor/gotensor/pallets/frame"

type Pallet struct {
	storage Storage
}

type Storage struct {
	Count frame.Value[uint32]
}

type Constants struct{ Max uint32 }

type Error uint16
