"""The names of the sites, for whoever only wants to list them."""

SITES = ("allocine", "babelio", "senscritique", "trustpilot", "googleplay")
