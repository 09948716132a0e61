package waiting

import (
	"embed"
	"io/fs"
)

//go:embed migrations
var files embed.FS

// VersionTable is goose's table for these migrations.
const VersionTable = "goose_inbox_version"

// Migrations returns the migrations for "sqlite" or "postgres".
func Migrations(engine string) fs.FS {
	folder, err := fs.Sub(files, "migrations/"+engine)
	if err != nil {
		panic(err) // fs.Sub refuses malformed names only
	}
	return folder
}
