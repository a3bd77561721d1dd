package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/shakinm/xlsReader/xls"
	"github.com/xuri/excelize/v2"

	"pgrex/internal/message"
)

// MaxFile is the greatest file that is read, in bytes, packed or unpacked: far
// more than any sheet has.
const MaxFile = 64 << 20

// rows are the cells of a file: a worksheet of Excel, or CSV. Which it is, its
// content says. The worksheet is named by its name or its number from 1; "" is
// the first one.
func rows(content []byte, worksheet string) ([][]string, []Message) {
	bad := func(err error) ([][]string, []Message) {
		return nil, []Message{{ID: message.ERR002, Args: []any{"err", err}}}
	}
	var list [][]string
	var err error
	switch {
	case len(content) > MaxFile:
		return bad(fmt.Errorf("it is greater than %d bytes", MaxFile))
	case bytes.HasPrefix(content, []byte("PK\x03\x04")):
		list, err = xlsxRows(content, worksheet)
	case bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		list, err = xlsRows(content, worksheet)
	case worksheet != "":
		return bad(errors.New("CSV has no worksheets"))
	default:
		text, ok := decode(content)
		if !ok {
			return nil, []Message{{ID: message.ERR003}}
		}
		var m *Message
		if list, m = parseCSV(text); m != nil {
			return nil, []Message{*m}
		}
	}
	if err != nil {
		return bad(err)
	}
	return list, controlCharacters(list)
}

// choose finds a worksheet, counted from 0.
func choose(names []string, worksheet string) (int, error) {
	if i := slices.Index(names, worksheet); i >= 0 {
		return i, nil
	}
	n, err := strconv.Atoi(worksheet)
	switch {
	case len(names) == 0:
		return 0, errors.New("it has no worksheet")
	case worksheet == "":
		return 0, nil
	case err == nil && n >= 1 && n <= len(names):
		return n - 1, nil
	}
	return 0, fmt.Errorf("it has no worksheet %q; there are: %s", worksheet, strings.Join(names, ", "))
}

func xlsxRows(content []byte, worksheet string) ([][]string, error) {
	f, err := excelize.OpenReader(bytes.NewReader(content), excelize.Options{UnzipSizeLimit: MaxFile, UnzipXMLSizeLimit: MaxFile})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names := f.GetSheetList()
	i, err := choose(names, worksheet)
	if err != nil {
		return nil, err
	}
	return f.GetRows(names[i])
}

// xlsRows reads the format of Excel 97. The library trusts what it reads, so
// that a damaged file may make it panic.
func xlsRows(content []byte, worksheet string) (list [][]string, err error) {
	defer func() {
		if p := recover(); p != nil {
			list, err = nil, fmt.Errorf("the workbook is damaged: %v", p)
		}
	}()
	book, err := xls.OpenReader(io.ReadSeeker(bytes.NewReader(content)))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range book.GetSheets() {
		names = append(names, s.GetName())
	}
	i, err := choose(names, worksheet)
	if err != nil {
		return nil, err
	}
	s, err := book.GetSheet(i)
	if err != nil {
		return nil, err
	}
	list = make([][]string, s.GetNumberRows())
	for n := range list {
		row, err := s.GetRow(n)
		if err != nil {
			continue // it has no cells
		}
		for _, cell := range row.GetCols() {
			list[n] = append(list[n], cell.GetString())
		}
	}
	return list, nil
}
