package runtime

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/json"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Preset is a named genesis configuration.
type Preset struct{ Name, JSON string }

// Presets are the genesis configurations that the runtime brings along: development has one authority, One, and local_testnet has One, Two and Three.
// They are patches of the default configuration. Amounts are in RAO. The accounts are those of the well known secret URIs //Alice, //Bob, //Charlie (a million TAO each),
// //Dave, //Eve, //Ferdie, //One, //Two, //Three, and of the Ethereum keys Alith and Baltathar (2,000 TAO each). Source: opentensor/subtensor
// node/src/chain_spec/localnet.rs.
var Presets = []Preset{
	{"development", preset(one, grandpaOne)},
	{"local_testnet", preset(one+","+two+","+three, grandpaOne+","+grandpaTwo+","+grandpaThree)},
}

// Keys of //One, //Two and //Three, sr25519 and ed25519.
const (
	one          = `"5Fxune7f71ZbpP2FoY3mhYcmM596Erhv1gRue4nsPwkxMR4n"`
	two          = `"5CUjxa4wVKMj3FqKdqAUf7zcEMr4MYAjXeWmUf44B41neLmJ"`
	three        = `"5FKiDJ3T1c59m3QwQVgXyk2QmibqBaYSzk2X5eiPjLR438pk"`
	grandpaOne   = `["5Caq1V1MnhfNNoGza9sqx1so37LNq2N5xMeR7xpVpv7Nqgnf",1]`
	grandpaTwo   = `["5DtDrLseQBezH6PQuGniJL8kXLK1sFzYDbw74M6ZoQ9W34Qb",1]`
	grandpaThree = `["5HRC3mLvgGFHce3aMW9sR6m5if6W6BXuyUPomyjuDrak64Tc",1]`
)

func preset(aura, grandpa string) string {
	return `{"aura":{"authorities":[` + aura + `]},"balances":{"balances":[` +
		`["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",1000000000000000],` +
		`["5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",1000000000000000],` +
		`["5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y",1000000000000000],` +
		`["5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy",2000000000000],` +
		`["5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw",2000000000000],` +
		`["5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL",2000000000000],` +
		`[` + one + `,2000000000000],[` + two + `,2000000000000],[` + three + `,2000000000000],` +
		`["5Fghzk1AJt88PeFEzuRfXzbPchiBbsVGTTXcdx599VdZzkTA",2000000000000],` +
		`["5GeqNhKWj1KG78VHzbmo3ZjZgUTrCuWeamdgiA114XHGdaEr",2000000000000]]},` +
		`"grandpa":{"authorities":[` + grandpa + `]},` +
		`"sudo":{"key":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}}`
}

// defaultGenesis is the configuration in which every pallet has its defaults.
const defaultGenesis = `{"system":{},"aura":{"authorities":[]},"grandpa":{"authorities":[]},"balances":{"balances":[],"devAccounts":null},` +
	`"transactionPayment":{"multiplier":"1000000000000000000"},"sudo":{"key":null}}`

// buildGenesis writes the state of block 0, all but :code. config is the configuration as JSON; members that are missing have their defaults.
// Error: *json.Error.
func buildGenesis(config []byte) error {
	v, err := json.Parse(config)
	if err != nil {
		return err
	}
	pallets := frame.Current().Pallets()
	configs := make([]json.Value, len(pallets))
	if err := v.Members(func(name string, member json.Value) error {
		for i, p := range pallets {
			if _, ok := p.(frame.Genesis); ok && memberName(p.Name()) == name {
				configs[i] = member
				return nil
			}
		}
		return &json.Error{What: "no pallet of this name has a genesis configuration"}
	}); err != nil {
		return err
	}
	for i, p := range pallets {
		if g, ok := p.(frame.Genesis); ok {
			if err := g.BuildGenesis(configs[i]); err != nil {
				return json.At(memberName(p.Name()), err)
			}
		}
	}
	for _, p := range pallets {
		frame.PutStorageVersion(p)
	}
	return nil
}

// memberName returns what the configuration calls a pallet: its name with a small letter at the beginning.
func memberName(pallet string) string { return string(pallet[0]|0x20) + pallet[1:] }

// GenesisBuilderBuildState writes the state of block 0: Vec<u8> of JSON → Result<(), String>.
func GenesisBuilderBuildState(args []byte) []byte {
	d := scale.NewDecoder(args)
	config := d.View()
	finish(d, "GenesisBuilder_build_state")
	if err := buildGenesis(config); err != nil {
		return scale.AppendString([]byte{1}, err.Error())
	}
	return []byte{0}
}

// GenesisBuilderGetPreset answers with a configuration: Option<String>, none for the default one → Option<Vec<u8>> of JSON.
func GenesisBuilderGetPreset(args []byte) []byte {
	d := scale.NewDecoder(args)
	name := scale.DecodeOption(d, (*scale.Decoder).Text)
	finish(d, "GenesisBuilder_get_preset")
	if name == nil {
		return scale.AppendString([]byte{1}, defaultGenesis)
	}
	for _, p := range Presets {
		if p.Name == *name {
			return scale.AppendString([]byte{1}, p.JSON)
		}
	}
	return []byte{0}
}

// GenesisBuilderPresetNames answers with the names of all presets: Vec<String>.
func GenesisBuilderPresetNames(args []byte) []byte {
	finish(scale.NewDecoder(args), "GenesisBuilder_preset_names")
	return scale.AppendSeq(nil, Presets, func(dst []byte, p Preset) []byte { return scale.AppendString(dst, p.Name) })
}
