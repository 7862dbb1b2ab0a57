package golang

import (
	"go/ast"
	"go/token"
)

// complexity gives the cognitive complexity of a function's body
// (G. Ann Campbell, "Cognitive Complexity", SonarSource 2018): one for each
// break in the flow, one more for each level it is nested in, one for each run
// of the same logical operator, one for each jump to a label, and one when the
// function calls itself.
func complexity(name string, body *ast.BlockStmt) int {
	c := &cognitive{}
	c.block(body, 0)
	if calls(body, name) {
		c.total++
	}
	return c.total
}

type cognitive struct{ total int }

func (c *cognitive) block(n ast.Node, level int) {
	if n == nil {
		return
	}
	ast.Inspect(n, func(x ast.Node) bool {
		switch x := x.(type) {
		case *ast.IfStmt:
			c.total += 1 + level
			c.branches(x, level)
			return false
		case *ast.ForStmt:
			c.nest(level, x.Body, x.Init, x.Cond, x.Post)
			return false
		case *ast.RangeStmt:
			c.nest(level, x.Body, x.X)
			return false
		case *ast.SwitchStmt:
			c.nest(level, x.Body, x.Init, x.Tag)
			return false
		case *ast.TypeSwitchStmt:
			c.nest(level, x.Body, x.Init, x.Assign)
			return false
		case *ast.SelectStmt:
			c.nest(level, x.Body)
			return false
		case *ast.FuncLit:
			c.block(x.Body, level+1)
			return false
		case *ast.BranchStmt:
			if x.Label != nil {
				c.total++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				c.logical(x, level)
				return false
			}
		}
		return true
	})
}

func (c *cognitive) nest(level int, body ast.Node, heads ...ast.Node) {
	c.total += 1 + level
	for _, h := range heads {
		if h != nil {
			c.block(h, level)
		}
	}
	c.block(body, level+1)
}

// branches reads an if and its chain of else, each one more without regard to
// nesting.
func (c *cognitive) branches(s *ast.IfStmt, level int) {
	if s.Init != nil {
		c.block(s.Init, level)
	}
	c.block(s.Cond, level)
	c.block(s.Body, level+1)
	switch e := s.Else.(type) {
	case *ast.IfStmt:
		c.total++
		c.branches(e, level)
	case *ast.BlockStmt:
		c.total++
		c.block(e, level+1)
	}
}

// logical counts each run of the same operator in one expression once.
func (c *cognitive) logical(e *ast.BinaryExpr, level int) {
	var ops []token.Token
	var walk func(x ast.Expr)
	walk = func(x ast.Expr) {
		switch x := x.(type) {
		case *ast.ParenExpr:
			walk(x.X)
		case *ast.BinaryExpr:
			if x.Op != token.LAND && x.Op != token.LOR {
				c.block(x, level)
				return
			}
			walk(x.X)
			ops = append(ops, x.Op)
			walk(x.Y)
		default:
			c.block(x, level)
		}
	}
	walk(e)
	for i, op := range ops {
		if i == 0 || op != ops[i-1] {
			c.total++
		}
	}
}
