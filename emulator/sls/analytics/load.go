package analytics

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
)

// load makes a table of the columns that are used and fills it.
func load(ctx context.Context, db *sql.Conn, t *table, source Source) error {
	var used []int
	var names []string
	for i, is := range t.used {
		if is {
			used = append(used, i)
			names = append(names, fmt.Sprintf("c%d", i))
		}
	}
	if len(used) == 0 { // count(*) needs rows without columns
		names = []string{"c"}
	}
	create := "CREATE TABLE " + t.sql + " (" + strings.Join(names, ", ") + ")"
	return db.Raw(func(raw any) error {
		conn := raw.(interface {
			driver.ExecerContext
			driver.ConnPrepareContext
		})
		if _, err := conn.ExecContext(ctx, create, nil); err != nil {
			return failure(ctx, err)
		}
		in := &inserter{ctx: ctx, conn: conn, table: t.sql, width: len(names), empty: len(used) == 0}
		err := source(ctx, t.name, used, in.add)
		if err == nil {
			err = in.flush()
		}
		return errors.Join(err, in.close())
	})
}

// inserter collects rows and writes them with one statement.
type inserter struct {
	ctx   context.Context
	conn  driver.ConnPrepareContext
	table string
	width int
	empty bool
	args  []driver.NamedValue
	full  driver.Stmt // for a full batch
}

func (in *inserter) add(values []any) error {
	if in.empty {
		values = []any{nil}
	}
	for _, v := range values {
		in.args = append(in.args, driver.NamedValue{Ordinal: len(in.args) + 1, Value: v})
	}
	if len(in.args) < batch/in.width*in.width {
		return nil
	}
	var err error
	if in.full == nil {
		if in.full, err = in.prepare(); err != nil {
			return err
		}
	}
	err = in.exec(in.full)
	in.args = in.args[:0]
	return err
}

func (in *inserter) prepare() (driver.Stmt, error) {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", in.width), ",") + "),"
	rows := strings.TrimSuffix(strings.Repeat(row, len(in.args)/in.width), ",")
	stmt, err := in.conn.PrepareContext(in.ctx, "INSERT INTO "+in.table+" VALUES "+rows)
	if err != nil {
		return nil, failure(in.ctx, err) // stmt would be no nil interface
	}
	return stmt, nil
}

func (in *inserter) exec(stmt driver.Stmt) error {
	if err := in.ctx.Err(); err != nil {
		return err
	}
	_, err := stmt.(driver.StmtExecContext).ExecContext(in.ctx, in.args)
	return failure(in.ctx, err)
}

func (in *inserter) flush() error {
	if len(in.args) == 0 {
		return nil
	}
	stmt, err := in.prepare()
	if err != nil {
		return err
	}
	return errors.Join(in.exec(stmt), stmt.Close())
}

func (in *inserter) close() error {
	if in.full == nil {
		return nil
	}
	return in.full.Close()
}
