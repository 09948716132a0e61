package waiting

import (
	"embed"
	"io/fs"
)

//go:embed migrations
var files embed.FS

// Migrations are those of the tables, in a folder for each engine.
var Migrations = func() fs.FS {
	folders, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // fs.Sub refuses malformed names only
	}
	return folders
}()
