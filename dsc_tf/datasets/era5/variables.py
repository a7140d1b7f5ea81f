"""ERA5's single-level variables: what the file, the Climate Data Store and the Zarr stores call them."""

import difflib
from dataclasses import dataclass

from ...errors import DscTfError


@dataclass(frozen=True)
class Variable:
    """One variable of ERA5.

    Parameters
    ----------
    name : str
        What the Climate Data Store and Google's store call it.
    units : str
        Of the hourly record.
    is_accumulated : bool
        Whether a value is a sum over the hour that ends at its time.
    standard_name : str
        CF's, or empty.
    missing : str
        "over land", "at times" (without cloud) or "never": where the record itself has no value.
    """

    name: str
    units: str
    is_accumulated: bool = False
    standard_name: str = ""
    missing: str = "never"

    @property
    def long_name(self):
        """For people."""
        return self.name.replace("_", " ")


def _instant(name, units, standard_name="", missing="never"):
    return Variable(name, units, False, standard_name, missing)


def _accumulated(name, units, standard_name=""):
    return Variable(name, units, True, standard_name)


# By the short name of the netCDF files; sums of energy are positive downwards.
VARIABLES = {
    "sst": _instant("sea_surface_temperature", "K", "sea_surface_temperature", "over land"),
    "t2m": _instant("2m_temperature", "K", "air_temperature"),
    "d2m": _instant("2m_dewpoint_temperature", "K", "dew_point_temperature"),
    "skt": _instant("skin_temperature", "K", "surface_temperature"),
    "sp": _instant("surface_pressure", "Pa", "surface_air_pressure"),
    "msl": _instant("mean_sea_level_pressure", "Pa", "air_pressure_at_mean_sea_level"),
    "sshf": _accumulated("surface_sensible_heat_flux", "J m-2"),
    "slhf": _accumulated("surface_latent_heat_flux", "J m-2"),
    "u10": _instant("10m_u_component_of_wind", "m s-1", "eastward_wind"),
    "v10": _instant("10m_v_component_of_wind", "m s-1", "northward_wind"),
    "u100": _instant("100m_u_component_of_wind", "m s-1", "eastward_wind"),
    "v100": _instant("100m_v_component_of_wind", "m s-1", "northward_wind"),
    "fg10": _instant("10m_wind_gust_since_previous_post_processing", "m s-1", "wind_speed_of_gust"),
    "tp": _accumulated("total_precipitation", "m"),
    "cp": _accumulated("convective_precipitation", "m"),
    "lsp": _accumulated("large_scale_precipitation", "m"),
    "sf": _accumulated("snowfall", "m of water equivalent"),
    "e": _accumulated("evaporation", "m of water equivalent"),
    "ro": _accumulated("runoff", "m"),
    "ssrd": _accumulated("surface_solar_radiation_downwards", "J m-2"),
    "strd": _accumulated("surface_thermal_radiation_downwards", "J m-2"),
    "ssr": _accumulated("surface_net_solar_radiation", "J m-2"),
    "str": _accumulated("surface_net_thermal_radiation", "J m-2"),
    "tsr": _accumulated("top_net_solar_radiation", "J m-2"),
    "ttr": _accumulated("top_net_thermal_radiation", "J m-2"),
    "fdir": _accumulated("total_sky_direct_solar_radiation_at_surface", "J m-2"),
    "tcc": _instant("total_cloud_cover", "1", "cloud_area_fraction"),
    "hcc": _instant("high_cloud_cover", "1"),
    "mcc": _instant("medium_cloud_cover", "1"),
    "lcc": _instant("low_cloud_cover", "1"),
    "cbh": _instant("cloud_base_height", "m", missing="at times"),
    "blh": _instant("boundary_layer_height", "m", "atmosphere_boundary_layer_thickness"),
    "cape": _instant("convective_available_potential_energy", "J kg-1"),
    "tcwv": _instant("total_column_water_vapour", "kg m-2", "atmosphere_mass_content_of_water_vapor"),
    "tco3": _instant("total_column_ozone", "kg m-2"),
    "sd": _instant("snow_depth", "m of water equivalent"),
    "siconc": _instant("sea_ice_cover", "1", "sea_ice_area_fraction", "over land"),
    **{f"stl{i}": _instant(f"soil_temperature_level_{i}", "K", "soil_temperature") for i in (1, 2, 3, 4)},
    **{f"swvl{i}": _instant(f"volumetric_soil_water_layer_{i}", "m3 m-3") for i in (1, 2, 3, 4)},
}
SHORT = {variable.name: short for short, variable in VARIABLES.items()}


def short_names(names, choices=None):
    """Short names of variables given by either name.

    Parameters
    ----------
    names : list of str
        Such as "t2m" or "2m_temperature".
    choices : list of str, default=None
        Short names that a source holds; None takes all that are known.

    Returns
    -------
    tuple of str
        Each once, in the order given.

    Raises
    ------
    DscTfError
        If a variable is unknown or not available; the message lists the nearest names.
    """
    choices = list(VARIABLES) if choices is None else list(choices)
    found = [SHORT.get(name, name) for name in names]
    for name, short in zip(names, found, strict=True):
        if short not in choices:
            held = choices + [VARIABLES[one].name for one in choices]
            near = difflib.get_close_matches(name, held, n=3, cutoff=0.5)
            advice = f"Did you mean {', '.join(near)}?" if near else f"Choose among {', '.join(choices)}."
            raise DscTfError(f"variables: {name!r} is not among those that can be had. {advice}")
    if not found:
        raise DscTfError("variables: none. Name at least one.")
    return tuple(dict.fromkeys(found))
