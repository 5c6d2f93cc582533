package kinds

import "github.com/gotensor/gotensor/pallets/proxy"

// Pallets of the runtime that kinds speak of, by their indices.
const (
	systemPallet   = 0
	balancesPallet = 5
	subtensor      = 7
	sudoPallet     = 12
	adminUtils     = 19
)

// table says for each kind what it allows. Source: opentensor/subtensor runtime/src/lib.rs, define_proxy_filters (spec 425).
var table = [...]rule{
	proxy.Any: {mode: everything},
	proxy.Owner: {mode: only, whole: []uint8{adminUtils}, calls: []id{
		{subtensor, 78},  // set_subnet_identity
		{subtensor, 112}, // update_symbol
	}, except: []id{
		{adminUtils, 67}, // sudo_set_sn_owner_hotkey
		{adminUtils, 64}, // sudo_set_subnet_owner_hotkey
	}},
	proxy.NonCritical: {mode: allBut, whole: []uint8{sudoPallet}, calls: []id{
		{subtensor, 61},  // dissolve_network
		{subtensor, 62},  // root_register
		{subtensor, 7},   // burned_register
		{subtensor, 125}, // announce_coldkey_swap
		{subtensor, 126}, // swap_coldkey_announced
		{subtensor, 133}, // clear_coldkey_swap_announcement
		{subtensor, 127}, // dispute_coldkey_swap
	}},
	proxy.NonTransfer: {mode: allBut, whole: []uint8{balancesPallet}, calls: []id{
		{subtensor, 86},  // transfer_stake
		{subtensor, 73},  // schedule_swap_coldkey
		{subtensor, 71},  // swap_coldkey
		{subtensor, 125}, // announce_coldkey_swap
		{subtensor, 126}, // swap_coldkey_announced
		{subtensor, 133}, // clear_coldkey_swap_announcement
		{subtensor, 127}, // dispute_coldkey_swap
	}},
	proxy.Senate: {mode: nothing},
	proxy.NonFungible: {mode: allBut, whole: []uint8{balancesPallet}, calls: []id{
		{subtensor, 2},   // add_stake
		{subtensor, 88},  // add_stake_limit
		{subtensor, 3},   // remove_stake
		{subtensor, 89},  // remove_stake_limit
		{subtensor, 103}, // remove_stake_full_limit
		{subtensor, 83},  // unstake_all
		{subtensor, 84},  // unstake_all_alpha
		{subtensor, 87},  // swap_stake
		{subtensor, 90},  // swap_stake_limit
		{subtensor, 85},  // move_stake
		{subtensor, 86},  // transfer_stake
		{subtensor, 7},   // burned_register
		{subtensor, 62},  // root_register
		{subtensor, 73},  // schedule_swap_coldkey
		{subtensor, 71},  // swap_coldkey
		{subtensor, 125}, // announce_coldkey_swap
		{subtensor, 126}, // swap_coldkey_announced
		{subtensor, 133}, // clear_coldkey_swap_announcement
		{subtensor, 127}, // dispute_coldkey_swap
		{subtensor, 70},  // swap_hotkey
		{subtensor, 72},  // swap_hotkey_v2
	}},
	proxy.Triumvirate: {mode: nothing},
	proxy.Governance:  {mode: nothing},
	proxy.Staking: {mode: only, calls: []id{
		{subtensor, 2},   // add_stake
		{subtensor, 3},   // remove_stake
		{subtensor, 83},  // unstake_all
		{subtensor, 84},  // unstake_all_alpha
		{subtensor, 87},  // swap_stake
		{subtensor, 90},  // swap_stake_limit
		{subtensor, 85},  // move_stake
		{subtensor, 88},  // add_stake_limit
		{subtensor, 89},  // remove_stake_limit
		{subtensor, 103}, // remove_stake_full_limit
		{subtensor, 122}, // set_root_claim_type
	}},
	proxy.Registration: {mode: only, calls: []id{
		{subtensor, 7},   // burned_register
		{subtensor, 6},   // register
		{subtensor, 134}, // register_limit
	}},
	proxy.Transfer: {mode: only, calls: []id{
		{balancesPallet, 3}, // transfer_keep_alive
		{balancesPallet, 0}, // transfer_allow_death
		{balancesPallet, 4}, // transfer_all
		{subtensor, 86},     // transfer_stake
	}},
	proxy.SmallTransfer: {mode: smallTransfers},
	proxy.RootWeights:   {mode: nothing},
	proxy.ChildKeys: {mode: only, calls: []id{
		{subtensor, 67}, // set_children
		{subtensor, 75}, // set_childkey_take
	}},
	proxy.SudoUncheckedSetCode: {mode: setCodeBySudo},
	proxy.SwapHotkey: {mode: only, calls: []id{
		{subtensor, 70}, // swap_hotkey
		{subtensor, 72}, // swap_hotkey_v2
	}},
	proxy.SubnetLeaseBeneficiary: {mode: only, calls: []id{
		{subtensor, 92},  // start_call
		{adminUtils, 3},  // sudo_set_serving_rate_limit
		{adminUtils, 4},  // sudo_set_min_difficulty
		{adminUtils, 5},  // sudo_set_max_difficulty
		{adminUtils, 6},  // sudo_set_weights_version_key
		{adminUtils, 9},  // sudo_set_adjustment_alpha
		{adminUtils, 13}, // sudo_set_immunity_period
		{adminUtils, 14}, // sudo_set_min_allowed_weights
		{adminUtils, 16}, // sudo_set_kappa
		{adminUtils, 17}, // sudo_set_rho
		{adminUtils, 18}, // sudo_set_activity_cutoff
		{adminUtils, 19}, // sudo_set_network_registration_allowed
		{adminUtils, 20}, // sudo_set_network_pow_registration_allowed
		{adminUtils, 23}, // sudo_set_max_burn
		{adminUtils, 26}, // sudo_set_bonds_moving_average
		{adminUtils, 60}, // sudo_set_bonds_penalty
		{adminUtils, 49}, // sudo_set_commit_reveal_weights_enabled
		{adminUtils, 50}, // sudo_set_liquid_alpha_enabled
		{adminUtils, 51}, // sudo_set_alpha_values
		{adminUtils, 57}, // sudo_set_commit_reveal_weights_interval
		{adminUtils, 61}, // sudo_set_toggle_transfer
		{adminUtils, 94}, // sudo_set_subnet_emission_enabled
		{adminUtils, 93}, // sudo_set_min_childkey_take_per_subnet
	}},
	proxy.RootClaim: {mode: only, calls: []id{
		{subtensor, 121}, // claim_root
	}},
}
