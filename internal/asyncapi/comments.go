package asyncapi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"strings"
)

// module is the import path of the root of the source tree.
const module = "github.com/amends/amends/"

// comments reads the comments of struct fields in a source tree.
type comments struct {
	tree fs.FS
	// read has the comments by "import path.Type.Field" of the packages that were read.
	read map[string]string
	done map[string]bool
}

// of returns the comment of a field of t, as one line.
func (c *comments) of(t reflect.Type, field string) (string, error) {
	if err := c.parse(t.PkgPath()); err != nil {
		return "", fmt.Errorf("comments of %s: %w", t, err)
	}
	return c.read[t.PkgPath()+"."+t.Name()+"."+field], nil
}

// parse reads the package at an import path, once.
func (c *comments) parse(pkg string) error {
	dir, ours := strings.CutPrefix(pkg, module)
	if !ours || c.done[pkg] {
		return nil
	}
	c.done[pkg] = true
	files, err := fs.Glob(c.tree, path.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := fs.ReadFile(c.tree, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool { return c.add(pkg, n) })
	}
	return nil
}

// add keeps the comments of n's fields if n declares a struct.
func (c *comments) add(pkg string, n ast.Node) bool {
	spec, ok := n.(*ast.TypeSpec)
	if !ok {
		return true
	}
	of, ok := spec.Type.(*ast.StructType)
	if !ok {
		return false
	}
	for _, f := range of.Fields.List {
		text := f.Doc.Text()
		if text == "" {
			text = f.Comment.Text()
		}
		for _, name := range f.Names {
			c.read[pkg+"."+spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
		}
	}
	return false
}
