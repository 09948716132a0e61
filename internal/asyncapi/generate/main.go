// Command generate writes the AsyncAPI document of the facts that the registered
// services tell. Its arguments are the root of the source tree and the file to write.
package main

import (
	"fmt"
	"os"

	"github.com/amends/amends/internal/asyncapi"
	"github.com/amends/amends/worker/registry"
)

func main() {
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:forbidigo // it is main
	}
}

func write(source, path string) error {
	text, err := asyncapi.Document(os.DirFS(source), registry.Facts(), nil)
	if err != nil {
		return fmt.Errorf("generate %s: %w", path, err)
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // a source file, as readable as the others
}
