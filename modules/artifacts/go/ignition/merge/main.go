// SPDX-License-Identifier: Apache-2.0

// Merges Ignition configs with Ignition's own code, for the tests that compare modules/ignition with it. Reads a JSON list
// of lists of configs, each to be merged from the first on; writes the list of the results.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/coreos/ignition/v2/config/v3_5"
	"github.com/coreos/ignition/v2/config/v3_5/types"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot merge configs: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	var lists [][]json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&lists); err != nil {
		return err
	}
	merged := make([]types.Config, 0, len(lists))
	for number, list := range lists {
		config, err := mergeAll(list)
		if err != nil {
			return fmt.Errorf("list %d: %w", number, err)
		}
		merged = append(merged, config)
	}
	return json.NewEncoder(os.Stdout).Encode(merged)
}

// Every config is parsed and checked alone, as it is on the machine: only valid configs can be merged.
func mergeAll(list []json.RawMessage) (types.Config, error) {
	var merged types.Config
	for number, text := range list {
		config, report, err := v3_5.ParseCompatibleVersion(text)
		if err != nil {
			return merged, fmt.Errorf("config %d: %w: %s%s", number, err, report.String(), text)
		}
		merged = v3_5.Merge(merged, config)
	}
	return merged, nil
}
