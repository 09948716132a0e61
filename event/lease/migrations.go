package lease

import (
	"embed"
	"io/fs"
)

// Name is that of the migrations, which have a numbering of their own.
const Name = "lease"

//go:embed migrations
var files embed.FS

// Migrations are those of the table, in a folder for each engine.
var Migrations = func() fs.FS {
	folders, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // fs.Sub refuses malformed names only
	}
	return folders
}()
