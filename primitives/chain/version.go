package chain

import (
	"sync"

	"golang.org/x/crypto/blake2b"

	"github.com/gotensor/gotensor/primitives/internal/text"
	"github.com/gotensor/gotensor/primitives/scale"
)

// APIID is the id of a runtime API on the wire: blake2b-64 of its name.
type APIID [8]byte

// APIIDOf returns the id of the runtime API called name: APIIDOf("Core") is 0xdf6acb689907609b.
func APIIDOf(name string) (id APIID) {
	h, err := blake2b.New(len(id), nil)
	if err != nil {
		panic("BUG: blake2b refuses a size of 8 without a key: " + err.Error())
	}
	h.Write([]byte(name))
	h.Sum(id[:0])
	return id
}

// Name returns the name of the API where it is one that this package knows.
func (id APIID) Name() (name string, ok bool) {
	name, ok = knownAPIs()[id]
	return name, ok
}

// String returns the API's name, or its id as 0x and 16 hex digits.
func (id APIID) String() string {
	if name, ok := id.Name(); ok {
		return name
	}
	return text.Hex(id[:])
}

// apiNames are the runtime APIs declared in opentensor/subtensor, paritytech/polkadot-sdk and polkadot-evm/frontier.
var apiNames = []string{
	"Core", "Metadata", "BlockBuilder", "TaggedTransactionQueue", "OffchainWorkerApi", "SessionKeys", "GenesisBuilder",
	"AccountNonceApi", "TransactionPaymentApi", "TransactionPaymentCallApi", "Benchmark", "TryRuntime", "ValidateStatement", "RuntimeViewFunction",
	"AuraApi", "AuraUnincludedSegmentApi", "GrandpaApi", "BabeApi", "SassafrasApi", "DifficultyApi", "TimestampApi",
	"BeefyApi", "BeefyMmrApi", "MmrApi", "AuthorityDiscoveryApi", "ParachainHost", "CollectCollationInfo", "GetParachainInfo", "RelayParentOffsetApi",
	"NominationPoolsApi", "StakingApi", "NftsApi", "AssetsApi", "AssetConversionApi", "FungiblesApi", "ContractsApi", "ReviveApi", "MixnetApi",
	"XcmPaymentApi", "DryRunApi", "LocationToAccountApi", "TrustedQueryApi", "AuthorizedAliasersApi",
	"DelegateInfoRuntimeApi", "NeuronInfoRuntimeApi", "SubnetInfoRuntimeApi", "StakeInfoRuntimeApi", "SubnetRegistrationRuntimeApi",
	"ProxyFilterRuntimeApi", "SwapRuntimeApi", "ShieldApi",
	"EthereumRuntimeRPCApi", "ConvertTransactionRuntimeApi",
}

// knownAPIs is looked up by id and never ranged over, so that its order cannot matter.
var knownAPIs = sync.OnceValue(func() map[APIID]string {
	names := make(map[APIID]string, len(apiNames))
	for _, name := range apiNames {
		names[APIIDOf(name)] = name
	}
	return names
})

// API is a runtime API and its version.
type API struct {
	ID      APIID
	Version uint32
}

// AppendScale appends the id and the version.
func (a API) AppendScale(dst []byte) []byte {
	return scale.AppendU32(append(dst, a.ID[:]...), a.Version)
}

// DecodeScale reads an id and a version.
func (a *API) DecodeScale(d *scale.Decoder) {
	d.Read(a.ID[:])
	a.Version = d.U32()
}

// RuntimeVersion says what a runtime is: the answer of Core_version. Which fields are on the wire depends on the version of the Core API among APIs:
// below 3 the last two are missing and read as 1 and 0; 3 has TransactionVersion; 4 and up have both.
type RuntimeVersion struct {
	SpecName         string
	ImplName         string
	AuthoringVersion uint32
	SpecVersion      uint32
	ImplVersion      uint32
	APIs             []API
	// TransactionVersion changes when the encoding or meaning of calls or extensions does.
	TransactionVersion uint32
	// SystemVersion (formerly state version): see StateVersion and ExtrinsicsRootVersion.
	SystemVersion uint8
}

var coreAPI = APIIDOf("Core")

// APIVersion returns the version of the runtime API called name, and whether the runtime has it.
func (v RuntimeVersion) APIVersion(name string) (version uint32, ok bool) {
	return apiVersion(v.APIs, APIIDOf(name))
}

func apiVersion(apis []API, id APIID) (version uint32, ok bool) {
	for _, a := range apis {
		if a.ID == id {
			return a.Version, true
		}
	}
	return 0, false
}

// StateVersion returns the trie version that the runtime writes state with, 0 or 1.
func (v RuntimeVersion) StateVersion() uint8 { return min(v.SystemVersion, 1) }

// ExtrinsicsRootVersion returns the trie version of the extrinsics root: 1 from system version 2 on, else 0.
func (v RuntimeVersion) ExtrinsicsRootVersion() uint8 {
	if v.SystemVersion >= 2 {
		return 1
	}
	return 0
}

// AppendScale appends the fields that the runtime's Core API version has.
func (v RuntimeVersion) AppendScale(dst []byte) []byte {
	core, _ := apiVersion(v.APIs, coreAPI)
	dst = scale.AppendString(dst, v.SpecName)
	dst = scale.AppendString(dst, v.ImplName)
	dst = scale.AppendU32(dst, v.AuthoringVersion)
	dst = scale.AppendU32(dst, v.SpecVersion)
	dst = scale.AppendU32(dst, v.ImplVersion)
	dst = scale.AppendSlice(dst, v.APIs)
	if core >= 3 {
		dst = scale.AppendU32(dst, v.TransactionVersion)
	}
	if core >= 4 {
		dst = append(dst, v.SystemVersion)
	}
	return dst
}

// DecodeScale reads the answer of Core_version.
func (v *RuntimeVersion) DecodeScale(d *scale.Decoder) { v.decode(d, nil) }

// decode reads a version; core, where not nil, overrides what the APIs inside say.
func (v *RuntimeVersion) decode(d *scale.Decoder, core *uint32) {
	v.SpecName = d.Text()
	v.ImplName = d.Text()
	v.AuthoringVersion = d.U32()
	v.SpecVersion = d.U32()
	v.ImplVersion = d.U32()
	v.APIs = scale.DecodeSlice[API](d)
	v.TransactionVersion, v.SystemVersion = 1, 0
	layout, _ := apiVersion(v.APIs, coreAPI)
	if core != nil {
		layout = *core
	}
	if layout >= 3 {
		v.TransactionVersion = d.U32()
	}
	if layout >= 4 {
		v.SystemVersion = d.U8()
	}
}

// EmbeddedVersion reads the version of a runtime from the custom sections of its blob. version is the section "runtime_version", which holds a RuntimeVersion
// without APIs; apis is the section "runtime_apis", which holds them one after the other without their number. Where apis is nil the blob has no such
// section and the APIs are those in version. As in Substrate, the Core API in apis decides which fields version has, and bytes behind them are ignored.
func EmbeddedVersion(version, apis []byte) (v RuntimeVersion, err error) {
	var list []API
	var core *uint32
	if apis != nil {
		d := scale.NewDecoder(apis)
		for d.Remaining() > 0 {
			list = append(list, scale.Decode[API](d))
		}
		if err := d.Err(); err != nil {
			return v, text.Wrap("section runtime_apis: "+err.Error(), err)
		}
		if c, ok := apiVersion(list, coreAPI); ok {
			core = &c
		}
	}
	d := scale.NewDecoder(version)
	v.decode(d, core)
	if err := d.Err(); err != nil {
		return RuntimeVersion{}, text.Wrap("section runtime_version: "+err.Error(), err)
	}
	if apis != nil {
		v.APIs = list
	}
	return v, nil
}

// EmbeddedSections returns the version as the custom sections of a blob hold it: what EmbeddedVersion reads. All fields are written, whatever the
// version of the Core API. Source: substrate sp-version, the macro runtime_version, and sp-api, which writes the section of each API.
func (v RuntimeVersion) EmbeddedSections() (version, apis []byte) {
	bare := v
	bare.APIs = nil // and so no Core API that would ask for the last two fields
	version = scale.AppendU32(bare.AppendScale(nil), v.TransactionVersion)
	return append(version, v.SystemVersion), scale.AppendArray([]byte{}, v.APIs, scale.Append)
}
