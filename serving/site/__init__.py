"""The static site: pages made of the marts that one opens in a browser, from a folder or a server.

A page's figures come from the queries in `sql`, its words from the templates, its charts are drawn
by Plotly's JavaScript, which lies in the site's `assets` as in Plotly's own package.
"""
