// Command generate writes the files below deploy/ that name callers. Its argument is that
// folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/amends/amends/internal/deployed"
)

func main() {
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // it is main
	}
}

func write(folder string) error {
	files, err := deployed.Files()
	if err != nil {
		return err
	}
	for path, text := range files {
		if err := os.WriteFile(filepath.Join(folder, path), text, 0o644); err != nil { //nolint:gosec // a source file, as readable as the others
			return fmt.Errorf("generate: %w", err)
		}
	}
	return nil
}
